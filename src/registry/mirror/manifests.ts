import { mediaTypes } from "../../oci/media-types.ts";
import type { RegistryDeps } from "../deps.ts";
import { RegistryError } from "../errors.ts";
import { parseManifest } from "../manifest/parse.ts";
import { findManifest, type ManifestRow, storeManifest } from "../metadata/manifests.ts";
import { confirmTag, deleteTag, findTag } from "../metadata/tags.ts";
import { algorithmOf, digestOf, type Reference } from "../names.ts";
import type { Upstream } from "./upstream.ts";

const accept = [mediaTypes.ociIndex, mediaTypes.ociManifest, mediaTypes.dockerList, mediaTypes.dockerManifest].join(
  ", ",
);

/**
 * A manifest of a mirrored repository. What was pushed here goes first; a digest is asked for once; a tag is compared
 * with upstream when it was last confirmed longer than the mirror's `ttl` ago. Where upstream cannot be asked, what is
 * here is served as it is.
 */
export async function mirrorManifest(
  deps: RegistryDeps,
  upstream: Upstream,
  repository: string,
  reference: Reference,
): Promise<ManifestRow | undefined> {
  const count = (from: string) => deps.metrics.mirror.increment({ kind: "manifest", from });
  const here = findManifest(deps.db, repository, reference);
  const tag = "tag" in reference ? findTag(deps.db, repository, reference.tag) : undefined;
  const settled =
    here && (tag === undefined || tag.checked === null || tag.checked > deps.now() - upstream.options.ttl);
  if (here && (settled || upstream.down)) {
    count(settled ? "here" : "stale");
    return here;
  }
  const key = `${repository} ${"tag" in reference ? reference.tag : reference.digest}`;
  return await deps.mirrors.manifests.do(key, async () => {
    try {
      const found = await refresh(deps, upstream, repository, reference, here);
      count("upstream");
      return found;
    } catch (error) {
      if (!here || !(error instanceof RegistryError)) throw error;
      deps.log.warn("serving what is here", { repository, reference: key.split(" ")[1], why: error.message });
      count("stale");
      return here;
    }
  });
}

async function refresh(
  deps: RegistryDeps,
  upstream: Upstream,
  repository: string,
  reference: Reference,
  here: ManifestRow | undefined,
): Promise<ManifestRow | undefined> {
  const name = "tag" in reference ? reference.tag : reference.digest;
  if (here && "tag" in reference) {
    const head = await upstream.ask(repository, `manifests/${name}`, { method: "HEAD", headers: { Accept: accept } });
    if (!head) {
      deleteTag(deps.db, repository, reference.tag, deps.now());
      return undefined;
    }
    if (head.headers.get("docker-content-digest") === here.digest) {
      confirmTag(deps.db, repository, reference.tag, deps.now());
      return here;
    }
  }
  const response = await upstream.ask(repository, `manifests/${name}`, { headers: { Accept: accept } });
  if (!response) return undefined;
  const content = await readLimited(response, deps.options.maxManifestBytes);
  const wanted = "digest" in reference ? reference.digest : undefined;
  const digest = digestOf(content, wanted ? algorithmOf(wanted) : "sha256");
  if (wanted !== undefined && wanted !== digest)
    throw new RegistryError("DIGEST_INVALID", `upstream sent a manifest with the digest ${digest}`, { status: 502 });
  storeManifest(deps.db, {
    repository,
    digest,
    content,
    parsed: parseManifest(content, response.headers.get("content-type") ?? ""),
    tags: "tag" in reference ? [reference.tag] : [],
    user: null,
    now: deps.now(),
    cached: true,
  });
  return findManifest(deps.db, repository, { digest });
}

async function readLimited(response: Response, limit: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    size += chunk.length;
    if (size > limit)
      throw new RegistryError("MANIFEST_INVALID", `upstream's manifest is larger than ${limit} bytes`, { status: 502 });
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
