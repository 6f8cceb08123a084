import type { DistributionInspect } from "../../api/types/image.ts";
import type { AuthConfig } from "../../api/types/system.ts";
import { isIndex } from "../../oci/media-types.ts";
import { parseImageConfig, parseIndex, parseManifest } from "../../oci/parse.ts";
import { parseReference, withDefaultTag } from "../../oci/reference.ts";
import { fetchManifest, pullScope } from "./fetch-manifest.ts";
import { endpoints } from "./endpoints.ts";
import { onEndpoint } from "./on-endpoint.ts";
import type { RemoteContext } from "./remote-context.ts";

/** `GET /distribution/{name}/json`: what a registry has under a name, without pulling it. */
export async function inspectDistribution(ctx: RemoteContext, reference: string, auth?: AuthConfig, signal?: AbortSignal): Promise<DistributionInspect> {
  const ref = withDefaultTag(parseReference(reference));
  return onEndpoint(ctx, endpoints(ref.domain, ctx.config(), "pull"), auth, async (client) => {
    const top = await fetchManifest(client, client.repository(ref.path), ref.digest ?? ref.tag ?? "latest", signal);
    const descriptor = { mediaType: top.mediaType, digest: top.digest, size: top.bytes.length };
    if (isIndex(top.mediaType)) {
      const platforms = parseIndex(top.bytes, top.mediaType).manifests.flatMap((each) => (each.platform ? [each.platform] : []));
      return { Descriptor: descriptor, Platforms: platforms };
    }
    const manifest = parseManifest(top.bytes, top.mediaType);
    const response = await client.call(`/v2/${client.repository(ref.path)}/blobs/${manifest.config.digest}`, pullScope(client.repository(ref.path)), { signal });
    const { os, architecture, variant } = parseImageConfig(await response.bytes());
    return { Descriptor: descriptor, Platforms: [{ os, architecture, ...(variant && { variant }) }] };
  });
}
