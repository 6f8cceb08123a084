import { RegistryError } from "../errors.ts";
import { parseRange } from "../http/range.ts";
import type { Call } from "../http/route.ts";
import { linkStoredBlob, namedBlobSize, storedBlobSize } from "../metadata/blobs.ts";
import { Download } from "./download.ts";
import type { RunningDownload } from "./mirrors.ts";
import type { Upstream } from "./upstream.ts";

/**
 * The answer to GET or HEAD of a blob that the repository does not have yet. Returns its size where it turns out to be
 * here.
 */
export async function mirrorBlob(
  call: Call,
  upstream: Upstream,
  repository: string,
  digest: string,
): Promise<Response | number> {
  const { deps, request } = call;
  // Another repository brought it, and this one's manifest names it: no need to ask.
  const stored = storedBlobSize(deps.db, digest);
  if (
    stored !== undefined &&
    namedBlobSize(deps.db, repository, digest) !== undefined &&
    linkStoredBlob(deps.db, repository, digest, deps.now())
  ) {
    deps.metrics.mirror.increment({ kind: "blob", from: "here" });
    return stored;
  }
  if (request.method === "HEAD") return await headBlob(call, upstream, repository, digest);
  deps.metrics.mirror.increment({ kind: "blob", from: "upstream" });
  const download = startDownload(call, upstream, repository, digest);
  const size = await download.size;
  const headers = { "Content-Type": "application/octet-stream", "Docker-Content-Digest": digest, ETag: `"${digest}"` };
  const range = size === undefined ? undefined : parseRange(request.headers.get("range"), size);
  // Bun sends streams in chunks, without a length.
  if (!range) return new Response(toStream(download.read({ start: 0, end: Number.POSITIVE_INFINITY })), { headers });
  return new Response(toStream(download.read(range)), {
    status: 206,
    headers: { ...headers, "Content-Range": `bytes ${range.start}-${range.end}/${size}` },
  });
}

function startDownload({ deps }: Call, upstream: Upstream, repository: string, digest: string): RunningDownload {
  const running = deps.mirrors.downloads.get(digest);
  if (running) {
    running.join(repository);
    return running;
  }
  const download = new Download(deps, upstream, repository, digest, namedBlobSize(deps.db, repository, digest));
  deps.mirrors.downloads.set(digest, download);
  void download.finished.then(() => deps.mirrors.downloads.delete(digest));
  return download;
}

async function headBlob({ deps }: Call, upstream: Upstream, repository: string, digest: string): Promise<Response> {
  deps.metrics.mirror.increment({ kind: "blob", from: "upstream" });
  const response = await upstream.ask(repository, `blobs/${digest}`, { method: "HEAD" });
  if (!response) throw new RegistryError("BLOB_UNKNOWN", "blob unknown to registry", { detail: { digest } });
  const length = response.headers.get("content-length");
  return new Response(null, {
    headers: {
      "Docker-Content-Digest": digest,
      "Content-Type": "application/octet-stream",
      ETag: `"${digest}"`,
      ...(length !== null && { "Content-Length": length }),
    },
  });
}

/** A generator as a body: read as fast as the client takes it. */
function toStream(source: AsyncGenerator<Uint8Array>): ReadableStream<Uint8Array> {
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      const { done, value } = await source.next();
      if (done) controller.close();
      else controller.enqueue(value);
    },
    async cancel() {
      await source.return(undefined);
    },
  });
}
