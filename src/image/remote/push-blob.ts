import { EngineError, unavailable } from "../../lib/errors.ts";
import { wait, type RegistryClient } from "./client.ts";
import { pushScope } from "./fetch-manifest.ts";

/** The content of a blob to be sent: its compressed bytes on disk. */
export interface BlobSource {
  digest: string;
  size: number;
  file: Bun.BunFile;
}

export type PushOutcome = "exists" | "mounted" | "pushed";

/** Part of an upload that is sent (and, when it breaks, sent again) at once. */
const chunkBytes = 16 * 1024 * 1024;
/** How often an upload that the registry forgot is begun anew. */
const restarts = 4;

export interface PushBlobOptions {
  mountFrom?: string;
  signal?: AbortSignal | undefined;
  progress?: (sent: number) => void;
}

/**
 * Makes sure that a repository has a blob: asks first, then tries to mount it from a repository that is known to
 * have it, then uploads: small ones in one request, others in chunks that continue where the registry says it is.
 * Registries may forget an upload whose connection broke: then all of this is done again.
 */
export async function pushBlob(client: RegistryClient, repository: string, source: BlobSource, options: PushBlobOptions = {}): Promise<PushOutcome> {
  for (let lost = 0; ; lost++) {
    try {
      return await pushOnce(client, repository, source, options);
    } catch (error) {
      if (!(error instanceof UploadLost)) throw error;
      if (lost >= restarts) throw error.cause;
      await wait(200 * 2 ** lost, options.signal);
    }
  }
}

/** The registry knows nothing of an upload that it began; `cause` is what it said. */
class UploadLost extends Error {}

async function pushOnce(client: RegistryClient, repository: string, source: BlobSource, options: PushBlobOptions): Promise<PushOutcome> {
  const scope = pushScope(repository);
  const { signal } = options;
  const there = await client.call(`/v2/${repository}/blobs/${source.digest}`, scope, { method: "HEAD", accept: [404], signal });
  if (there.ok) return "exists";
  const mount = options.mountFrom && options.mountFrom !== repository ? `?mount=${source.digest}&from=${encodeURIComponent(options.mountFrom)}` : "";
  const begun = await client.call(`/v2/${repository}/blobs/uploads/${mount}`, mount ? `${scope} repository:${options.mountFrom}:pull` : scope, { method: "POST", headers: { "content-length": "0" }, signal });
  if (begun.status === 201) return "mounted";
  let location = locationOf(client, begun);
  try {
    if (source.size <= chunkBytes) {
      await finish(await source.file.bytes());
    } else {
      for (let offset = 0; offset < source.size; ) offset = await sendChunk(offset);
      await finish(new Uint8Array(0));
    }
  } catch (error) {
    if (error instanceof EngineError && (error.kind === "not-found" || /^blob upload (unknown|invalid)/.test(error.message))) throw new UploadLost("the upload is lost", { cause: error });
    // An upload that is given up should not wait on the registry's disk for its clean-up.
    await client.call(location, scope, { method: "DELETE", accept: [404, 405], once: true }).catch(() => {});
    throw error;
  }
  return "pushed";

  async function sendChunk(offset: number): Promise<number> {
    const end = Math.min(offset + chunkBytes, source.size);
    const body = await source.file.slice(offset, end).bytes();
    const response = await client.call(location, scope, {
      method: "PATCH", body, accept: [416], signal,
      headers: { "content-type": "application/octet-stream", "content-range": `${offset}-${end - 1}` },
    });
    location = locationOf(client, response);
    // 416: an earlier try of this chunk arrived (in part); go on from what the registry has.
    const have = Number(/^(?:bytes=)?0-(\d+)$/.exec(response.headers.get("range") ?? "")?.[1] ?? end - 1) + 1;
    if (have <= offset && response.status === 416) throw unavailable(`the registry refused a part of ${source.digest} at ${offset}`);
    options.progress?.(have);
    return have;
  }

  async function finish(body: Uint8Array): Promise<void> {
    const url = new URL(location);
    url.searchParams.set("digest", source.digest);
    await client.call(url.href, scope, { method: "PUT", body, headers: { "content-type": "application/octet-stream" }, signal });
    options.progress?.(source.size);
  }
}

function locationOf(client: RegistryClient, response: Response): string {
  const location = response.headers.get("location");
  if (!location) throw unavailable("the registry began an upload without saying where to send it");
  return new URL(location, client.endpoint.url).href;
}
