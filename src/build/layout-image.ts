import { loadImages } from "../image/load.ts";
import { indexMembers } from "../image/index-table.ts";
import { removeImage } from "../image/remove.ts";
import { allImages } from "../image/table.ts";
import { invalid, notFound } from "../lib/errors.ts";
import { parseIndex } from "../oci/parse.ts";
import type { BuildContext } from "./context.ts";
import { copyArchive, planCopy } from "./source/copy-plan.ts";
import { MemoryTree } from "./source/memory-tree.ts";
import type { SourceTree } from "./source/tree.ts";

/**
 * Takes an image out of a folder in the OCI layout (`--build-context name=oci-layout://folder:tag`) for the time of a
 * build. `wanted`: a tag or digest; empty: the only one, or `latest`. Returns what it is found by. Throws not-found.
 */
export async function layoutImage(ctx: BuildContext, tree: SourceTree, wanted: string, undo: AsyncDisposableStack): Promise<string> {
  const { manifests } = parseIndex(await content(tree, "index.json"));
  const named = (tag: string) => manifests.find((each) => each.digest === tag || each.annotations?.["org.opencontainers.image.ref.name"] === tag);
  const entry = wanted === "" ? (manifests.length === 1 ? manifests[0] : named("latest")) : named(wanted);
  if (!entry) throw notFound(`no image ${wanted || "latest"} in the OCI layout`);
  // Its names stay where they are: nothing of this is to be seen in the image store.
  const { annotations: _, ...anonymous } = entry;
  const index = Buffer.from(JSON.stringify({ schemaVersion: 2, manifests: [anonymous] }));
  const blobs = planCopy(tree, { sources: ["/"], destination: "/", exclude: ["index.json", "manifest.json"], parents: false, owner: undefined, chmod: (mode) => mode, target: (path) => (path === "" ? "directory" : undefined) });
  const own = new MemoryTree([{ name: "index.json", content: index }]);
  const list = planCopy(own, { sources: ["index.json"], destination: "/index.json", exclude: [], parents: false, owner: undefined, chmod: (mode) => mode, target: () => undefined });
  const layout: SourceTree = { ...own, entry: (path) => own.entry(path) ?? tree.entry(path), children: (path) => tree.children(path), read: (path) => (own.entry(path) ? own : tree).read(path), digest: (path) => tree.digest(path) };
  const before = new Set(allImages(ctx.store).map(({ id }) => id));
  let id = "";
  for await (const { stream } of loadImages(ctx.images, copyArchive(layout, [...blobs, ...list], 0), { quiet: true })) id = /^Loaded image ID: (\S+)/.exec(stream ?? "")?.[1] ?? id;
  if (id === "") throw invalid("the OCI layout holds no image");
  for (const image of allImages(ctx.store).filter((each) => !before.has(each.id))) undo.defer(() => removeImage(ctx.images, image.id).then(() => {}, () => {}));
  return indexMembers(ctx.store, entry.digest).length > 0 ? entry.digest : id;
}

async function content(tree: SourceTree, path: string): Promise<Uint8Array> {
  if (tree.entry(path)?.type !== "file") throw notFound(`open ${path}: no such file or directory`);
  const parts: Uint8Array[] = [];
  for await (const chunk of tree.read(path)) parts.push(chunk);
  return Buffer.concat(parts);
}
