import { RegistryError } from "../errors.ts";
import { parseContentRange } from "../http/range.ts";
import { type Call, param } from "../http/route.ts";
import { linkedBlobSize, linkStoredBlob, repositoriesWithBlob } from "../metadata/blobs.ts";
import { checkDigest, isDigest, isRepositoryName } from "../names.ts";
import { checkQuota } from "../quota.ts";
import {
  type Append,
  appendUpload,
  cancelUpload,
  discard,
  finishUpload,
  rangeHeader,
  startUpload,
  uploadOffset,
} from "../uploads/upload.ts";
import { empty } from "./answers.ts";

/** POST: a mount from another repository, a whole blob at once (`digest`), or the beginning of an upload. */
export async function postUpload(call: Call): Promise<Response> {
  const { deps, url } = call;
  const name = param(call, "name");
  const mount = url.searchParams.get("mount");
  if (mount !== null && mountBlob(call, name, mount, url.searchParams.get("from"))) return created(name, mount);

  const digest = url.searchParams.get("digest");
  if (digest !== null) checkDigest(digest);
  const upload = startUpload(deps, name);
  const append = appendOf(call);
  // Some clients name the digest when they begin and send the content later.
  if (digest === null || append.body === null || append.length === 0) return accepted(name, upload.id, 0);
  call.unhurried();
  try {
    await finishUpload(deps, name, upload.id, digest, append);
  } catch (error) {
    // The client never learnt the upload's address, so it cannot resume.
    await discard(deps, upload.id);
    throw error;
  }
  return created(name, digest);
}

/** PATCH: the next chunk, or a stream of unknown length. */
export async function patchUpload(call: Call): Promise<Response> {
  const name = param(call, "name");
  const id = param(call, "id");
  return accepted(name, id, await appendUpload(call.deps, name, id, appendOf(call)));
}

/** PUT: the end, with the last chunk or without. */
export async function putUpload(call: Call): Promise<Response> {
  const name = param(call, "name");
  const digest = call.url.searchParams.get("digest");
  if (digest === null)
    throw new RegistryError("DIGEST_INVALID", "the digest of the whole is missing: PUT …?digest=sha256:…");
  checkDigest(digest);
  call.unhurried();
  await finishUpload(call.deps, name, param(call, "id"), digest, appendOf(call));
  return created(name, digest);
}

/** `GET` of an upload: 204, and how much has arrived in the headers. Throws BLOB_UPLOAD_UNKNOWN. */
export async function getUpload(call: Call): Promise<Response> {
  const name = param(call, "name");
  const id = param(call, "id");
  const offset = await uploadOffset(call.deps, name, id);
  return empty(204, uploadHeaders(name, id, offset));
}

/** `DELETE /v2/NAME/blobs/uploads/ID`: cancels an upload. Throws BLOB_UPLOAD_UNKNOWN. */
export async function deleteUploadRoute(call: Call): Promise<Response> {
  await cancelUpload(call.deps, param(call, "name"), param(call, "id"));
  return empty(204);
}

/**
 * True where the blob is now in the repository. Without `from`, any repository that the caller may pull from will do.
 * What cannot be mounted, for whatever reason, is uploaded (distribution specification, "Mounting a blob").
 */
function mountBlob({ deps, identity }: Call, name: string, digest: string, from: string | null): boolean {
  if (!isDigest(digest) || (from !== null && !isRepositoryName(from))) return false;
  const sources = from === null ? repositoriesWithBlob(deps.db, digest) : [from];
  const source = sources.find(
    (source) => deps.authority.may(identity, source, "pull") && linkedBlobSize(deps.db, source, digest) !== undefined,
  );
  if (source === undefined) return false;
  checkQuota(deps, name, linkedBlobSize(deps.db, source, digest) ?? 0, digest);
  return linkStoredBlob(deps.db, name, digest, deps.now());
}

function appendOf({ request }: Call): Append {
  const range = parseContentRange(request.headers.get("content-range"));
  const announced = request.headers.get("content-length");
  const length = announced === null ? undefined : Number(announced);
  if (range && length !== undefined && length !== 0 && range.end - range.start + 1 !== length) {
    throw new RegistryError(
      "SIZE_INVALID",
      `Content-Range spans ${range.end - range.start + 1} bytes, Content-Length says ${length}`,
    );
  }
  return {
    body: request.body,
    ...(range && length !== 0 && { start: range.start }),
    ...(length === undefined ? (range ? { length: range.end - range.start + 1 } : {}) : { length }),
  };
}

function uploadHeaders(name: string, id: string, offset: number): Record<string, string> {
  return { Location: `/v2/${name}/blobs/uploads/${id}`, Range: rangeHeader(offset), "Docker-Upload-UUID": id };
}

function accepted(name: string, id: string, offset: number): Response {
  return empty(202, uploadHeaders(name, id, offset));
}

function created(name: string, digest: string): Response {
  return empty(201, { Location: `/v2/${name}/blobs/${digest}`, "Docker-Content-Digest": digest });
}
