import { loadImages } from "../../image/archive/load.ts";
import { hasIndex, imageIds } from "../../image/find.ts";
import { removeImage } from "../../image/remove.ts";
import { invalid } from "../../lib/errors.ts";
import { parseIndex } from "../../oci/parse.ts";
import type { BuilderDeps } from "../deps.ts";
import { copyArchive } from "./copy-archive.ts";
import { planAll } from "./copy-plan.ts";
import { MemoryTree } from "./memory-tree.ts";
import type { SourceTree } from "./tree.ts";

/**
 * Takes an image out of a folder in the OCI layout (`--build-context name=oci-layout://folder:tag`) for the time of a
 * build. `wanted`: a tag or digest; empty: the only one, or `latest`. Returns what it is found by. Throws `invalid`
 * where there is none.
 */
export async function layoutImage(
  deps: BuilderDeps,
  tree: SourceTree,
  wanted: string,
  undo: AsyncDisposableStack,
): Promise<string> {
  const { manifests } = parseIndex(await content(tree, "index.json"));
  const named = (tag: string) =>
    manifests.find((each) => each.digest === tag || each.annotations?.["org.opencontainers.image.ref.name"] === tag);
  const entry = wanted === "" ? (manifests.length === 1 ? manifests[0] : named("latest")) : named(wanted);
  if (!entry) throw invalid(`no image ${wanted || "latest"} in the OCI layout`);
  // Its names stay where they are: nothing of this is to be seen in the image store.
  const { annotations: _, ...anonymous } = entry;
  const index = Buffer.from(JSON.stringify({ schemaVersion: 2, manifests: [anonymous] }));
  const blobs = await planAll(tree, "/", { exclude: ["index.json", "manifest.json"] });
  const own = new MemoryTree([{ name: "index.json", content: index }]);
  const list = await planAll(own, "index.json");
  const layout: SourceTree = {
    ...own,
    entry: (path) => own.entry(path) ?? tree.entry(path),
    children: (path) => tree.children(path),
    read: (path) => (own.entry(path) ? own : tree).read(path),
    digest: (path, signal) => tree.digest(path, signal),
  };
  const before = new Set(imageIds(deps.images));
  let id = "";
  for await (const { stream } of loadImages(deps.images, copyArchive(layout, [...blobs, ...list]), { quiet: true }))
    id = /^Loaded image ID: (\S+)/.exec(stream ?? "")?.[1] ?? id;
  if (id === "") throw invalid("the OCI layout holds no image");
  for (const made of imageIds(deps.images).filter((each) => !before.has(each)))
    undo.defer(() =>
      removeImage(deps.images, made).then(
        () => {},
        () => {},
      ),
    );
  return hasIndex(deps.images, entry.digest) ? entry.digest : id;
}

async function content(tree: SourceTree, path: string): Promise<Uint8Array> {
  if (tree.entry(path)?.type !== "file") throw invalid(`open ${path}: no such file or directory`);
  const parts: Uint8Array[] = [];
  for await (const chunk of tree.read(path)) parts.push(chunk);
  return Buffer.concat(parts);
}
