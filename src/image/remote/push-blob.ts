import type { RegistryClient } from "./client.ts";
import { pushScope } from "./fetch-manifest.ts";
import { type BlobSource, type PushBlobOptions, uploadBlob } from "./upload-blob.ts";

/** `exists`: the repository had the blob; `mounted`: it took it from another repository; `pushed`: it was sent. */
export type PushOutcome = "exists" | "mounted" | "pushed";

/**
 * Makes sure that a repository has a blob: asks first, then tries to mount it from a repository that is known to
 * have it, then uploads.
 */
export async function pushBlob(
  client: RegistryClient,
  repository: string,
  source: BlobSource,
  options: PushBlobOptions = {},
): Promise<PushOutcome> {
  const scope = pushScope(repository);
  const { signal } = options;
  const there = await client.call(`/v2/${repository}/blobs/${source.digest}`, scope, {
    method: "HEAD",
    accept: [404],
    signal,
  });
  if (there.ok) return "exists";
  const begin = (query = "", scopes = scope) =>
    client.call(`/v2/${repository}/blobs/uploads/${query}`, scopes, {
      method: "POST",
      headers: { "content-length": "0" },
      signal,
    });
  const { mountFrom } = options;
  const begun =
    mountFrom && mountFrom !== repository
      ? await begin(
          `?mount=${source.digest}&from=${encodeURIComponent(mountFrom)}`,
          `${scope} repository:${mountFrom}:pull`,
        )
      : await begin();
  if (begun.status === 201) return "mounted";
  await uploadBlob(client, scope, source, begun, begin, options);
  return "pushed";
}
