import type { DistributionInspect } from "../../api/types/image.ts";
import type { AuthConfig } from "../../api/types/system.ts";
import { isIndex } from "../../oci/media-types.ts";
import { parseImageConfig, parseIndex, parseManifest } from "../../oci/parse.ts";
import { parseReference, withDefaultTag } from "../../oci/reference.ts";
import type { RemoteDeps } from "./deps.ts";
import { endpoints } from "./endpoints.ts";
import { fetchManifest, pullScope } from "./fetch-manifest.ts";
import { onEndpoint } from "./on-endpoint.ts";

/** `GET /distribution/{name}/json`: what a registry has under a name, without pulling it. */
export async function inspectDistribution(
  deps: RemoteDeps,
  reference: string,
  auth?: AuthConfig,
  signal?: AbortSignal,
): Promise<DistributionInspect> {
  const ref = withDefaultTag(parseReference(reference));
  return onEndpoint(deps, endpoints(ref.domain, deps.config(), "pull"), auth, async (client) => {
    const top = await fetchManifest(client, client.repository(ref.path), ref.digest ?? ref.tag ?? "latest", signal);
    const descriptor = { mediaType: top.mediaType, digest: top.digest, size: top.bytes.length };
    if (isIndex(top.mediaType)) {
      const platforms = parseIndex(top.bytes, top.mediaType).manifests.flatMap((each) =>
        each.platform ? [each.platform] : [],
      );
      return { Descriptor: descriptor, Platforms: platforms };
    }
    const manifest = parseManifest(top.bytes, top.mediaType);
    const asked = `/v2/${client.repository(ref.path)}/blobs/${manifest.config.digest}`;
    const response = await client.call(asked, pullScope(client.repository(ref.path)), { accept: "all", signal });
    // The descriptor is right without the configuration too.
    if (!response.ok) return { Descriptor: descriptor, Platforms: null };
    const { os, architecture, variant } = parseImageConfig(await response.bytes());
    return { Descriptor: descriptor, Platforms: [{ os, architecture, ...(variant && { variant }) }] };
  });
}
