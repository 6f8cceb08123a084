import { RegistryError } from "../errors.ts";
import { matchesEtag, parseRange } from "../http/range.ts";
import { type Call, param } from "../http/route.ts";
import { keepBlob, linkedBlobSize, manifestNamingBlob, unlinkBlob } from "../metadata/blobs.ts";
import { mirrorBlob } from "../mirror/blobs.ts";
import { checkDigest } from "../names.ts";
import { empty } from "./answers.ts";

const unknown = (digest: string) =>
  new RegistryError("BLOB_UNKNOWN", "blob unknown to registry", { detail: { digest } });

/** GET and HEAD: whole, in part (`Range`), or not at all (`If-None-Match`). Content under a digest never changes. */
export async function getBlob(call: Call): Promise<Response> {
  const { deps } = call;
  const name = param(call, "name");
  const digest = checkDigest(param(call, "digest"));
  const size = linkedBlobSize(deps.db, name, digest);
  if (size === undefined) {
    const upstream = deps.mirrors.of(name);
    if (!upstream) throw unknown(digest);
    const mirrored = await mirrorBlob(call, upstream, name, digest);
    return mirrored instanceof Response ? mirrored : blobAnswer(call, digest, mirrored);
  }
  keepBlob(deps.db, name, digest, deps.now());
  return blobAnswer(call, digest, size);
}

/** The answer for a blob that is in storage. */
async function blobAnswer({ deps, request }: Call, digest: string, size: number): Promise<Response> {
  const headers = {
    "Accept-Ranges": "bytes",
    "Cache-Control": "private, max-age=31536000, immutable",
    "Content-Disposition": "attachment",
    "Content-Type": "application/octet-stream",
    "Docker-Content-Digest": digest,
    ETag: `"${digest}"`,
  };
  if (matchesEtag(request.headers.get("if-none-match"), digest)) return empty(304, headers);
  if (request.method === "HEAD") return new Response(null, { headers: { ...headers, "Content-Length": String(size) } });
  const condition = request.headers.get("if-range");
  const range =
    condition === null || condition === `"${digest}"` ? parseRange(request.headers.get("range"), size) : undefined;
  const address = deps.storage.redirect?.(digest);
  if (address !== undefined) return empty(307, { ...headers, Location: address });
  if (size === 0) return new Response(null, { headers: { ...headers, "Content-Length": "0" } });
  const body = await deps.storage.body(digest, range);
  deps.metrics.bytesSent.add(range ? range.end - range.start + 1 : size);
  if (!range) return new Response(body, { headers: { ...headers, "Content-Length": String(size) } });
  return new Response(body, {
    status: 206,
    headers: {
      ...headers,
      "Content-Length": String(range.end - range.start + 1),
      "Content-Range": `bytes ${range.start}-${range.end}/${size}`,
    },
  });
}

/** DELETE: takes the blob out of this repository, unless a manifest here needs it. */
export function deleteBlob(call: Call): Response {
  const { deps } = call;
  const name = param(call, "name");
  const digest = checkDigest(param(call, "digest"));
  const manifest = manifestNamingBlob(deps.db, name, digest);
  if (manifest)
    throw new RegistryError("UNSUPPORTED", `blob ${digest} is part of the manifest ${manifest}: delete that first`, {
      detail: { digest, manifest },
    });
  if (!unlinkBlob(deps.db, name, digest)) throw unknown(digest);
  return empty(202, { "Docker-Content-Digest": digest });
}
