import type { ProgressEvent } from "../api/progress.ts";
import type { PluginConfig, PluginPrivilege } from "../api/types/plugin.ts";
import type { Lease } from "../image/collect/lease.ts";
import type { RegistryCredentials } from "../image/remote/credentials.ts";
import { bringBlob } from "../image/remote/pull.ts";
import { shortId } from "../lib/ids.ts";
import { algorithmOf } from "../oci/digest.ts";
import type { Descriptor } from "../oci/image.ts";
import { compressionOf } from "../oci/media-types.ts";
import { familiarName, type Reference } from "../oci/reference.ts";
import type { ManagedPluginDeps } from "./deps.ts";
import { makeRootfs } from "./own-directory.ts";
import { requirePrivileges } from "./privileges.ts";
import { type RemotePlugin, withRemotePlugin } from "./remote.ts";

/** A plugin that is to come from a registry into the directory of the plugin `id`. */
export interface FetchRequest {
  id: string;
  ref: Reference;
  /** What a user has granted it, which must be what it wants. */
  privileges: readonly PluginPrivilege[];
  auth?: RegistryCredentials | undefined;
  /** Holds the blobs until a row names them. */
  lease: Lease;
  tell: (event: ProgressEvent, key?: string) => void;
  signal: AbortSignal;
}

/** What has come. */
export interface FetchedPlugin {
  rootfs: string;
  manifestDigest: string;
  config: PluginConfig;
  blobs: string[];
}

/**
 * Brings a plugin from its registry: manifest, configuration and layers into the blob store, and the layers unpacked
 * into a new root filesystem. Where it fails that is the caller's to sweep away. Throws `invalid` where the plugin
 * wants other privileges than it was granted.
 */
export function fetchPlugin(deps: ManagedPluginDeps, request: FetchRequest): Promise<FetchedPlugin> {
  const { ref, auth, signal, tell, lease } = request;
  return withRemotePlugin(deps, ref, auth, signal, async (plugin) => {
    const { fetched, manifest, configBytes, config } = plugin;
    tell({ status: `Pulling from ${familiarName(ref)}`, id: ref.digest ?? ref.tag ?? "latest" });
    tell({ status: `Digest: ${fetched.digest}` });
    requirePrivileges(config, request.privileges);
    const { blobs } = deps.images;
    const named = [fetched.digest, manifest.config.digest, ...manifest.layers.map(({ digest }) => digest)];
    for (const digest of named) lease.add("blob", digest);
    await blobs.put(fetched.bytes, algorithmOf(fetched.digest));
    await blobs.put(configBytes, algorithmOf(manifest.config.digest));

    const failure = new AbortController();
    const either = AbortSignal.any([signal, failure.signal]);
    const arrivals = manifest.layers.map((layer) =>
      bring(deps, plugin, layer, tell, either).catch((error: unknown) => {
        failure.abort(error);
        throw error;
      }),
    );
    await Promise.allSettled(arrivals);
    // The first failure is the reason of the others.
    if (failure.signal.aborted) throw signal.aborted ? signal.reason : failure.signal.reason;
    const rootfs = await makeRootfs(deps, request.id);
    for (const layer of manifest.layers)
      await unpack(deps, layer, deps.paths.rootfs({ id: request.id, rootfs }), tell, signal);
    return { rootfs, manifestDigest: fetched.digest, config, blobs: named };
  });
}

async function bring(
  deps: ManagedPluginDeps,
  { client, repository }: RemotePlugin,
  layer: Descriptor,
  tell: FetchRequest["tell"],
  signal: AbortSignal,
): Promise<void> {
  const id = shortId(layer.digest);
  if (deps.images.blobs.has(layer.digest)) return tell({ status: "Already exists", progressDetail: {}, id });
  tell({ status: "Waiting", progressDetail: {}, id });
  await bringBlob(
    deps.remote,
    client,
    repository,
    layer,
    (current) => tell({ status: "Downloading", progressDetail: { current, total: layer.size }, id }, id),
    signal,
  );
  tell({ status: "Download complete", progressDetail: {}, id });
}

/** Upon what the layers before have left. */
async function unpack(
  { images }: ManagedPluginDeps,
  layer: Descriptor,
  rootfs: string,
  tell: FetchRequest["tell"],
  signal: AbortSignal,
): Promise<void> {
  const id = shortId(layer.digest);
  const extracting = (current: number) =>
    tell({ status: "Extracting", progressDetail: { current, total: layer.size }, id });
  extracting(0);
  await images.archiver.extract(
    { file: images.blobs.path(layer.digest) },
    rootfs,
    { whiteouts: "apply", rootAttributes: true, compression: compressionOf(layer.mediaType) ?? "auto" },
    signal,
  );
  extracting(layer.size);
  tell({ status: "Complete", progressDetail: {}, id });
}
