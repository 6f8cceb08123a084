import type { ImageRecord } from "../../image/record.ts";
import { invalid } from "../../lib/errors.ts";
import { once } from "../../lib/once.ts";
import { parseDigest } from "../../oci/digest.ts";
import type { Platform } from "../../oci/image.ts";
import { hostPlatform } from "../../oci/platform.ts";
import { fullString, parseReference } from "../../oci/reference.ts";
import type { BuilderDeps } from "../deps.ts";
import type { StageResult } from "../result.ts";
import type { ClientBlobs } from "../session/client-blobs.ts";
import type { BuildSession } from "../session/session.ts";
import { cloneGit, isGit, isUrl } from "./add-source.ts";
import { gitSsh } from "./git-ssh.ts";
import { layoutBlobs, layoutManifests } from "./layout-folder.ts";
import { layoutImages } from "./layout-images.ts";
import { fetchArchive, type Getting } from "./receive-archive.ts";
import type { SourceTree } from "./tree.ts";

/** A context beside the one that is built: files, an image's, or what another build came to. */
export type NamedContext =
  | { tree: SourceTree }
  /** Files that the client is asked for when somebody takes them first. */
  | { open: () => Promise<SourceTree> }
  | { image: string }
  /** An image that is in no store of the engine's, one record for each platform. `layout`: what it is called. */
  | { layout: string; images: readonly ImageRecord[] }
  | { result: StageResult };

const imageScheme = "docker-image://";
/** A folder of the client, which its session gives. */
const localScheme = "local:";
/** An image in a folder: the folder is sent as a context of that name, the tag or digest comes after this. */
const layoutScheme = "oci-layout://";

/**
 * Gets the contexts that are named by where they are (`--build-context name=…`): images, git repositories, URLs.
 * `layouts`: those that wait for a folder that is sent ({@link takeLayouts}), with the tag or digest that is meant.
 */
export async function getNamedContexts(
  { contents }: Pick<BuilderDeps, "contents">,
  session: BuildSession,
  named: Readonly<Record<string, string>>,
  getting: Getting,
): Promise<{ contexts: Map<string, NamedContext>; layouts: Map<string, string> }> {
  const contexts = new Map<string, NamedContext>();
  const layouts = new Map<string, string>();
  for (const [name, source] of Object.entries(named)) {
    if (source.startsWith(imageScheme)) contexts.set(name, { image: source.slice(imageScheme.length) });
    else if (source.startsWith(localScheme)) {
      const folder = source.slice(localScheme.length);
      contexts.set(name, { open: once(() => session.folder(folder, { contents, undo: getting.undo })) });
    } else if (isGit(source)) {
      const { tmp, undo, signal, told } = getting;
      const said = (text: string) => told?.said(source, text);
      const cloned = await cloneGit(source, { tmp, keepGitDir: false, said, ssh: gitSsh(session), signal });
      contexts.set(name, { tree: undo.use(cloned).tree });
    } else if (source.startsWith(layoutScheme)) layouts.set(name, source.slice(layoutScheme.length));
    else if (isUrl(source)) {
      const fetched = await fetchArchive(source, getting);
      contexts.set(name, { tree: "archive" in fetched ? fetched.archive : fetched.tree });
    } else contexts.set(name, { open: async () => refuse(name, source) });
  }
  return { contexts, layouts };
}

/** It is no mistake as long as nobody takes anything of it. */
function refuse(name: string, source: string): never {
  throw invalid(`unsupported context source ${source.split(":")[0]} for ${name}`);
}

/**
 * Takes the images out of the layouts that the client offers, or out of the folders that were sent for them. Throws
 * `invalid` where neither is so.
 */
export async function takeLayouts(
  deps: BuilderDeps,
  layouts: ReadonlyMap<string, string>,
  contexts: Map<string, NamedContext>,
  { session, platforms, undo, signal }: LayoutsFor,
): Promise<void> {
  const wantedPlatforms = platforms.length > 0 ? platforms : [hostPlatform()];
  for (const [name, wanted] of layouts) {
    const [, store, given] = /^([^:@]+)(?::[^@]*)?@(.+)$/.exec(wanted) ?? [];
    const offered = store === undefined ? undefined : session.blobs({ kind: "layout", name: store });
    const { blobs, digest } =
      offered && given !== undefined
        ? { blobs: offered, digest: parseDigest(given) }
        : await sentLayout(name, wanted, contexts.get(name));
    const image = { blobs, digest, platforms: wantedPlatforms };
    contexts.set(name, {
      layout: nameIn(name, digest),
      images: await layoutImages(deps, image, undo, signal),
    });
  }
}

/** As an image of that name would be called; a context for one platform has that after its name. */
function nameIn(context: string, digest: string): string {
  const name = context.replace(/::.*$/, "");
  try {
    return fullString({ ...parseReference(name), digest });
  } catch {
    return `${name}@${digest}`;
  }
}

/** A layout whose folder the client has sent. `wanted`: a tag or digest; empty: the only image in it, or `latest`. */
async function sentLayout(
  name: string,
  wanted: string,
  folder: NamedContext | undefined,
): Promise<{ blobs: Pick<ClientBlobs, "read">; digest: string }> {
  if (!folder || !("tree" in folder)) throw invalid(`the OCI layout of the build context ${name} was not sent`);
  const manifests = await layoutManifests(folder.tree);
  const named = (tag: string) =>
    manifests.find((each) => each.digest === tag || each.annotations?.["org.opencontainers.image.ref.name"] === tag);
  const entry = wanted === "" ? (manifests.length === 1 ? manifests[0] : named("latest")) : named(wanted);
  if (!entry) throw invalid(`no image ${wanted || "latest"} in the OCI layout`);
  return { blobs: layoutBlobs(folder.tree), digest: entry.digest };
}

/** Whom layouts are taken for, and how it goes again. */
interface LayoutsFor {
  session: Pick<BuildSession, "blobs">;
  platforms: readonly Platform[];
  undo: AsyncDisposableStack;
  signal: AbortSignal;
}
