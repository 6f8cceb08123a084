import { lstatSync } from "node:fs";
import { mkdir, readFile, rename, rm, rmdir } from "node:fs/promises";
import { join } from "node:path";
import { pluginConfig } from "../api/schema/plugin.ts";
import type { PluginConfig } from "../api/types/plugin.ts";
import { Lease } from "../image/collect/lease.ts";
import { errorMessage, internal, invalid } from "../lib/errors.ts";
import { newId } from "../lib/ids.ts";
import { decodeJson } from "../lib/parse-json.ts";
import type { Descriptor } from "../oci/image.ts";
import { mediaTypes } from "../oci/media-types.ts";
import { familiarString, parseReference, withDefaultTag } from "../oci/reference.ts";
import type { ManagedPluginDeps } from "./deps.ts";
import { publishPluginEvent } from "./events.ts";
import { makeRootfs } from "./own-directory.ts";
import { initialSettings } from "./settings.ts";
import { insertPlugin, pluginByName } from "./table.ts";

/** Bytes of a `config.json`: nobody has so much to say. */
const longestConfig = 1 << 20;

/**
 * `docker plugin create`: makes a plugin of a tar archive that has `config.json` and `rootfs/`. Its layer, its
 * configuration and a manifest go into the blob store, as if it had been pulled.
 */
export async function createPlugin(
  deps: ManagedPluginDeps,
  ref: string,
  context: AsyncIterable<Uint8Array>,
  signal?: AbortSignal,
): Promise<void> {
  const name = nameOf(ref);
  using _ = await deps.locks.acquire(`name ${name}`);
  requireFree(deps, name);
  const id = newId();
  await using lease = new Lease(deps.images);
  await using undo = new AsyncDisposableStack();
  undo.defer(() => deps.images.archiver.remove(deps.paths.own(id)));
  const upload = join(deps.paths.own(id), "upload");
  await mkdir(upload, { recursive: true, mode: 0o700 });
  await unpack(deps, context, upload, signal);
  const said = await readConfig(join(upload, "config.json"));
  const rootfs = await makeRootfs(deps, id);
  await takeRootfs(join(upload, "rootfs"), deps.paths.rootfs({ id, rootfs }));
  await deps.images.archiver.remove(upload);

  const layer = await packLayer(deps, deps.paths.rootfs({ id, rootfs }), lease, signal);
  const config: PluginConfig = {
    ...said,
    rootfs: { type: "layers", diff_ids: [layer.digest] },
  };
  const put = async (text: string) => {
    const digest = await deps.images.blobs.put(Buffer.from(text));
    lease.add("blob", digest);
    return { digest, size: Buffer.byteLength(text) };
  };
  const configBlob = { mediaType: mediaTypes.dockerPluginConfig, ...(await put(JSON.stringify(config))) };
  const manifest = await put(
    JSON.stringify({
      schemaVersion: 2,
      config: configBlob,
      layers: [layer],
      mediaType: mediaTypes.dockerManifest,
    }),
  );
  insertPlugin(deps.store, {
    ...{ id, name, remote: name, phase: "disabled", timeout: 0, rootfs, config },
    settings: initialSettings(config),
    manifestDigest: manifest.digest,
    blobs: [manifest.digest, configBlob.digest, layer.digest],
  });
  undo.move();
  publishPluginEvent(deps, "create", id, name);
}

function nameOf(ref: string): string {
  try {
    const parsed = parseReference(ref);
    if (parsed.digest !== undefined) throw invalid("canonical references are not permitted");
    return familiarString(withDefaultTag(parsed));
  } catch (error) {
    throw internal(`failed to parse reference ${ref}: ${errorMessage(error)}`, error);
  }
}

/** Throws where there is a plugin of that name. */
export function requireFree(deps: ManagedPluginDeps, name: string): void {
  if (pluginByName(deps.store, name)) throw invalid(`plugin ${name} already exists`);
}

async function unpack(
  { images }: ManagedPluginDeps,
  context: AsyncIterable<Uint8Array>,
  upload: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  try {
    await images.archiver.extract(context, upload, {}, signal);
  } catch (error) {
    throw internal(`failed to read from tar: ${errorMessage(error)}`, error);
  }
}

async function readConfig(path: string): Promise<PluginConfig> {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (!stat) throw internal("config not found");
  if (!stat.isFile() || stat.size > longestConfig) throw internal("failed to parse config: not a small file");
  try {
    return pluginConfig(decodeJson(await readFile(path, "utf8"), "unexpected end of JSON input"), "PluginConfig");
  } catch (error) {
    throw internal(`failed to parse config: ${errorMessage(error).replace(/^invalid JSON: /, "")}`, error);
  }
}

/** An archive without one has an empty root. A link would lead elsewhere. */
async function takeRootfs(uploaded: string, rootfs: string): Promise<void> {
  const stat = lstatSync(uploaded, { throwIfNoEntry: false });
  if (!stat) return;
  if (!stat.isDirectory()) throw invalid("rootfs is not a directory");
  await rmdir(rootfs);
  await rename(uploaded, rootfs);
}

async function packLayer(
  { images }: ManagedPluginDeps,
  rootfs: string,
  lease: Lease,
  signal: AbortSignal | undefined,
): Promise<Descriptor> {
  const file = join(images.paths.tmp, "images", `plugin-${crypto.randomUUID()}`);
  try {
    const { digest, written } = await images.archiver.packToFile(rootfs, file, { compression: "gzip" }, signal);
    lease.add("blob", digest);
    await images.blobs.adopt(digest, file);
    return { mediaType: mediaTypes.dockerLayerGzip, digest, size: written };
  } finally {
    await rm(file, { force: true });
  }
}
