import { pluginConfig } from "../api/schema/plugin.ts";
import type { PluginConfig } from "../api/types/plugin.ts";
import type { RegistryClient } from "../image/remote/client.ts";
import type { RegistryCredentials } from "../image/remote/credentials.ts";
import { endpoints } from "../image/remote/endpoints.ts";
import { answeredAs } from "../image/remote/failure.ts";
import { type FetchedManifest, fetchManifest, pullScope } from "../image/remote/fetch-manifest.ts";
import { onEndpoint } from "../image/remote/on-endpoint.ts";
import { choosePlatform } from "../image/remote/pull.ts";
import { EngineError, errorMessage, internal, invalid, isNotFound, notFound } from "../lib/errors.ts";
import { decodeJson } from "../lib/parse-json.ts";
import { algorithmOf, digestOf } from "../oci/digest.ts";
import type { Manifest } from "../oci/image.ts";
import { compressionOf, mediaTypes } from "../oci/media-types.ts";
import { parseManifest } from "../oci/parse.ts";
import { fullString, parseReference, type Reference, withDefaultTag } from "../oci/reference.ts";
import type { ManagedPluginDeps } from "./deps.ts";

/** Bytes of a plugin's configuration: nobody has so much to say. */
const longestConfig = 1 << 20;

/** A plugin in a registry: what it says of itself, without its layers. */
export interface RemotePlugin {
  client: RegistryClient;
  repository: string;
  fetched: FetchedManifest;
  manifest: Manifest;
  /** Byte for byte; its digest was checked. */
  configBytes: Uint8Array;
  config: PluginConfig;
}

/** The reference of a plugin in a registry. Throws with Docker's words. */
export function remoteReference(text: string): Reference {
  try {
    return withDefaultTag(parseReference(text));
  } catch (error) {
    throw internal(errorMessage(error), error);
  }
}

/** Looks at a plugin in its registry and does `work` with it there. Throws `not-found` where there is none. */
export async function withRemotePlugin<T>(
  deps: Pick<ManagedPluginDeps, "remote">,
  ref: Reference,
  auth: RegistryCredentials | undefined,
  signal: AbortSignal,
  work: (plugin: RemotePlugin) => Promise<T>,
): Promise<T> {
  let resolved = false;
  try {
    return await onEndpoint(deps.remote, endpoints(ref.domain, deps.remote.config(), "pull"), auth, async (client) => {
      const repository = client.repository(ref.path);
      const top = await fetchManifest(client, repository, ref.digest ?? ref.tag ?? "latest", signal);
      resolved = true;
      return await work(await readPlugin(client, ref, repository, top, signal));
    });
  } catch (error) {
    if (resolved || !(error instanceof EngineError) || error.kind === "cancelled") throw answeredAs(error);
    const why = isNotFound(error) ? `${fullString(ref)}: not found` : error.message;
    const words = `error resolving plugin reference: ${why}`;
    throw isNotFound(error)
      ? notFound(words, error)
      : answeredAs(new EngineError(error.kind, words, { cause: error.cause }));
  }
}

async function readPlugin(
  client: RegistryClient,
  ref: Reference,
  repository: string,
  top: FetchedManifest,
  signal: AbortSignal,
): Promise<RemotePlugin> {
  const fetched = await choosePlatform(client, ref, top, undefined, signal);
  const manifest = parseManifest(fetched.bytes, fetched.mediaType);
  const { mediaType, digest, size } = manifest.config;
  if (mediaType !== mediaTypes.dockerPluginConfig)
    throw invalid(`Encountered remote ${JSON.stringify(mediaType)}(${classOf(mediaType)}) when fetching`);
  const strange = manifest.layers.find((layer) => compressionOf(layer.mediaType) === undefined);
  if (strange) throw invalid(`unsupported layer media type ${strange.mediaType}`);
  if (size > longestConfig) throw invalid(`the configuration of ${ref.path} is too large`);
  const response = await client.call(`/v2/${repository}/blobs/${digest}`, pullScope(repository), { signal });
  const configBytes = await response.bytes();
  if (digestOf(configBytes, algorithmOf(digest)) !== digest)
    throw invalid(`the configuration of ${ref.path} is not what its digest says`);
  return { client, repository, fetched, manifest, configBytes, config: parse(configBytes) };
}

function classOf(mediaType: string): string {
  return mediaType === mediaTypes.dockerConfig || mediaType === mediaTypes.ociConfig ? "image" : "unknown";
}

function parse(bytes: Uint8Array): PluginConfig {
  try {
    return pluginConfig(decodeJson(new TextDecoder().decode(bytes), "unexpected end of JSON input"), "PluginConfig");
  } catch (error) {
    throw invalid(`failed to parse config: ${errorMessage(error)}`, error);
  }
}
