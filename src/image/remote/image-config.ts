import { invalid } from "../../lib/errors.ts";
import { digestOf } from "../../oci/digest.ts";
import type { OciImageConfigFile, Platform } from "../../oci/image.ts";
import { parseImageConfig, parseManifest } from "../../oci/parse.ts";
import type { Reference } from "../../oci/reference.ts";
import type { RegistryCredentials } from "./credentials.ts";
import type { RemoteDeps } from "./deps.ts";
import { endpoints } from "./endpoints.ts";
import { fetchManifest, pullScope } from "./fetch-manifest.ts";
import { onEndpoint } from "./on-endpoint.ts";
import { choosePlatform } from "./pull.ts";

/** Longer than any configuration. */
const mostBytes = 8 * 1024 * 1024;

/** What an image in a registry says of itself, without pulling it. */
export function remoteImageConfig(
  deps: RemoteDeps,
  ref: Reference,
  platform: Platform,
  auth: RegistryCredentials | undefined,
  signal: AbortSignal,
): Promise<OciImageConfigFile> {
  return onEndpoint(deps, endpoints(ref.domain, deps.config(), "pull"), auth, async (client) => {
    const repository = client.repository(ref.path);
    const top = await fetchManifest(client, repository, ref.digest ?? ref.tag ?? "latest", signal);
    const { bytes, mediaType } = await choosePlatform(client, ref, top, platform, signal);
    const { digest, size } = parseManifest(bytes, mediaType).config;
    if (size > mostBytes) throw invalid(`the configuration of ${ref.path} is too large`);
    const response = await client.call(`/v2/${repository}/blobs/${digest}`, pullScope(repository), { signal });
    const content = await response.bytes();
    if (digestOf(content) !== digest) throw invalid(`the configuration of ${ref.path} is not what its digest says`);
    return parseImageConfig(content);
  });
}
