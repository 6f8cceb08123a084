import { EngineError, unavailable } from "../../lib/errors.ts";
import { type RegistryClient, wait } from "./client.ts";
import { isPassing, statusOf } from "./failure.ts";

/** The content of a blob to be sent: its compressed bytes on disk. */
export interface BlobSource {
  digest: string;
  size: number;
  file: Bun.BunFile;
}

/**
 * `mountFrom`: a repository of the same registry that is known to have the blob; `progress` is told of the bytes sent
 * so far.
 */
export interface PushBlobOptions {
  mountFrom?: string;
  signal?: AbortSignal | undefined;
  progress?: (sent: number) => void;
}

/**
 * How content goes to a registry: as one stream and a call that ends it (as Docker sends it: every registry knows
 * that), all with the call that ends it, or part by part.
 */
type Way = "stream" | "with-the-end" | "parts";

/** Up to here the content goes with the call that ends the upload: one request less. */
const smallBytes = 16 * 1024 * 1024;
/** Size of a part, where the registry asks for no larger ones. */
const partBytes = 16 * 1024 * 1024;
/** How often an upload that broke off is taken up, or begun anew. */
const restarts = 4;

/**
 * Uploads a blob by an upload that was just begun (`begun` is the answer to it; `begin` begins another). Parts are sent
 * only to who offers them (`OCI-Chunk-Min-Length`), or will not take everything at once; what the registry refuses is
 * tried another way, from the start. What broke off goes on from where the registry says it is.
 */
export async function uploadBlob(
  client: RegistryClient,
  scope: string,
  source: BlobSource,
  begun: Response,
  begin: () => Promise<Response>,
  options: PushBlobOptions,
): Promise<void> {
  const ways = waysFor(source.size, begun);
  for (let broken = 0, answer = begun; ; answer = await begin()) {
    const upload = new Upload(client, scope, source, answer, options);
    try {
      return await upload.send(ways[0] ?? "stream");
    } catch (error) {
      if (options.signal?.aborted) throw await upload.abandoned(error);
      const next = nextWays(ways, error);
      if (!next && (++broken > restarts || !mayWorkAgain(error))) throw await upload.abandoned(error);
      if (next) ways.splice(0, ways.length, ...next);
      else await wait(200 * 2 ** broken, options.signal);
      await upload.abandoned(error);
    }
  }
}

function waysFor(size: number, begun: Response): Way[] {
  if (size <= smallBytes) return ["with-the-end", "stream"];
  return begun.headers.has("oci-chunk-min-length") ? ["parts", "stream", "with-the-end"] : ["stream", "with-the-end"];
}

/** What is left to be tried after a refusal; undefined where the failure was not about the way, or nothing is left. */
function nextWays(ways: readonly Way[], error: unknown): readonly Way[] | undefined {
  const status = statusOf(error);
  // A proxy on the way has a limit for requests.
  if (status === 413 && ways[0] !== "parts") return ["parts"];
  // 202: taken, and nothing of it kept.
  const refused = status !== undefined && [202, 400, 404, 405, 411, 415, 416, 501].includes(status);
  return refused && ways.length > 1 ? ways.slice(1) : undefined;
}

/** A connection that broke, a registry that is busy, or one that has forgotten the upload or what came of it. */
function mayWorkAgain(error: unknown): boolean {
  return (
    isPassing(error, true) ||
    (error instanceof EngineError &&
      (error.kind === "not-found" || /^blob upload (unknown|invalid)/.test(error.message)))
  );
}

/** One upload that the registry has begun. */
class Upload {
  #location: string;
  readonly #leastPart: number;

  constructor(
    private readonly client: RegistryClient,
    private readonly scope: string,
    private readonly source: BlobSource,
    begun: Response,
    private readonly options: PushBlobOptions,
  ) {
    this.#location = this.#locationOf(begun);
    this.#leastPart = Number(begun.headers.get("oci-chunk-min-length")) || 0;
  }

  async send(way: Way): Promise<void> {
    if (way === "with-the-end")
      return this.#end({ body: () => this.#content(0, this.source.size), length: this.source.size });
    if (way === "stream") await this.#stream();
    else await this.#parts();
    await this.#end({ body: new Uint8Array(0), length: 0 });
  }

  /** Nothing of it should wait on the registry's disk for its clean-up. Returns what it was given up for. */
  async abandoned(reason: unknown): Promise<unknown> {
    await this.client.call(this.#location, this.scope, { method: "DELETE", once: true }).catch(() => {});
    return reason;
  }

  /** All in one request; what breaks off goes on, where the registry kept what came and says so. */
  async #stream(): Promise<void> {
    for (let offset = 0, broken = 0; offset < this.source.size; ) {
      try {
        await this.#patch(offset, this.source.size, offset > 0);
        return;
      } catch (error) {
        if (this.options.signal?.aborted || !isPassing(error, true) || ++broken > restarts) throw error;
        await wait(200 * 2 ** broken, this.options.signal);
        const have = await this.#received();
        if (have === 0 || have > this.source.size) throw error;
        if (have > offset) broken = 0;
        offset = have;
      }
    }
  }

  async #parts(): Promise<void> {
    const step = Math.max(partBytes, this.#leastPart);
    for (let offset = 0; offset < this.source.size; ) {
      const end = Math.min(offset + step, this.source.size);
      const response = await this.#patch(offset, end, true, { accept: [416] });
      // 416: an earlier try of this part arrived (in part); go on from what the registry has.
      const have = receivedOf(response) ?? end;
      if (have <= offset || have > end)
        throw unavailable(`the registry refused a part of ${this.source.digest} at ${offset}`, response);
      offset = have;
    }
  }

  async #patch(start: number, end: number, ranged: boolean, options: { accept?: number[] } = {}): Promise<Response> {
    const response = await this.client.call(this.#location, this.scope, {
      method: "PATCH",
      body: () => this.#content(start, end),
      signal: this.options.signal,
      ...options,
      // Parts are sent again by the client; of a whole stream the registry may have kept some.
      ...(!options.accept && { repeat: false }),
      headers: {
        "content-type": "application/octet-stream",
        "content-length": String(end - start),
        ...(ranged && { "content-range": `${start}-${end - 1}` }),
      },
    });
    this.#location = this.#locationOf(response, this.#location);
    return response;
  }

  async #end(content: { body: Uint8Array | (() => ReadableStream<Uint8Array>); length: number }): Promise<void> {
    const url = new URL(this.#location);
    url.searchParams.set("digest", this.source.digest);
    await this.client.call(url.href, this.scope, {
      method: "PUT",
      body: content.body,
      signal: this.options.signal,
      headers: { "content-type": "application/octet-stream", "content-length": String(content.length) },
    });
    this.options.progress?.(this.source.size);
  }

  /** Bytes that the registry has; 0 where it does not say, and for `0-0`, which may mean no byte or one. */
  async #received(): Promise<number> {
    try {
      const response = await this.client.call(this.#location, this.scope, { signal: this.options.signal });
      this.#location = this.#locationOf(response, this.#location);
      const have = receivedOf(response) ?? 0;
      return have > 1 ? have : 0;
    } catch (error) {
      if (this.options.signal?.aborted || statusOf(error) === undefined) throw error;
      return 0;
    }
  }

  #content(start: number, end: number): ReadableStream<Uint8Array> {
    const reader = this.source.file.slice(start, end).stream().getReader();
    let sent = start;
    return new ReadableStream(
      {
        pull: async (controller) => {
          const { done, value } = await reader.read();
          if (done) return controller.close();
          sent += value.length;
          controller.enqueue(value);
          this.options.progress?.(sent);
        },
        cancel: (reason) => reader.cancel(reason),
      },
      { highWaterMark: 0 },
    );
  }

  #locationOf(response: Response, known?: string): string {
    const location = response.headers.get("location");
    if (location) return new URL(location, this.client.endpoint.url).href;
    if (known === undefined) throw unavailable("the registry began an upload without saying where to send it");
    return known;
  }
}

/** Of `Range: 0-N`, how many bytes that are. */
function receivedOf(response: Response): number | undefined {
  const last = /^(?:bytes=)?0-(\d+)$/.exec(response.headers.get("range") ?? "")?.[1];
  return last === undefined ? undefined : Number(last) + 1;
}
