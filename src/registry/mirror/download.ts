import { open, rename, rm } from "node:fs/promises";
import { errorMessage, hasCode } from "../../lib/errors.ts";
import type { RegistryDeps } from "../deps.ts";
import { RegistryError } from "../errors.ts";
import { recordBlob } from "../metadata/blobs.ts";
import { algorithmOf } from "../names.ts";
import type { ByteRange } from "../storage/storage.ts";
import { storeFile } from "../uploads/upload.ts";
import { hashFile, writeStream } from "../uploads/write.ts";
import type { RunningDownload } from "./mirrors.ts";
import type { Upstream } from "./upstream.ts";

const chunkBytes = 256 * 1024;
/** A body on which nothing moves for so long is given up and asked for again, milliseconds. */
const longestPause = 60_000;
/** Breaks without any progress in between that are put up with. */
const mostBreaks = 5;

/**
 * One blob on its way from upstream to storage, and to everybody who wants it meanwhile: readers follow the growing
 * file. They get all but the last byte as it comes, and that one when the digest has been found right, so that wrong
 * content never looks whole. What an earlier attempt (of this process or one before) left on disk is continued.
 */
export class Download implements RunningDownload {
  readonly #repositories = new Set<string>();
  #progress = Promise.withResolvers<void>();
  #written = 0;
  #failure: unknown;
  #done = false;
  readonly #sized = Promise.withResolvers<number | undefined>();
  /** Settles, never rejects, when the download has come to its end. */
  readonly finished: Promise<void>;

  /** `expected`: the size that a manifest gives, where one is known. */
  constructor(
    private readonly deps: RegistryDeps,
    private readonly upstream: Upstream,
    repository: string,
    readonly digest: string,
    private readonly expected: number | undefined,
  ) {
    this.#repositories.add(repository);
    this.#sized.promise.catch(() => {});
    this.finished = this.#run(repository).catch((error: unknown) => {
      this.#failure = error;
      this.#sized.reject(error);
      this.#advance();
    });
  }

  get #path(): string {
    return this.deps.paths.upload(`fetch-${this.digest.replace(":", "-")}`);
  }

  /**
   * Bytes of the whole, once upstream has answered; undefined where neither it nor a manifest says. Throws what `ask`
   * of the upstream throws; BLOB_UNKNOWN where it has no such blob.
   */
  get size(): Promise<number | undefined> {
    return this.#sized.promise;
  }

  /** Another repository wants it as well. */
  join(repository: string): void {
    this.#repositories.add(repository);
  }

  /** The content, or a part of it, as it arrives. A reader that goes away stops nothing. */
  async *read(range: ByteRange): AsyncGenerator<Uint8Array> {
    await using handle = await open(this.#path, "r").catch(async (error: unknown) => {
      // It was finished and moved between the answer's head and here.
      if (!hasCode(error, "ENOENT")) throw error;
      await this.finished;
      return null;
    });
    if (!handle) {
      if (this.#failure) throw this.#failure;
      const body = await this.deps.storage.body(this.digest, range);
      yield* body instanceof Blob ? body.stream() : body;
      return;
    }
    let position = range.start;
    while (position <= range.end) {
      if (this.#done && position >= this.#written) return;
      const available = this.#done ? this.#written : this.#written - 1;
      if (available <= position) {
        if (this.#failure) throw this.#failure;
        await this.#progress.promise;
        continue;
      }
      const chunk = new Uint8Array(Math.min(chunkBytes, available - position, range.end + 1 - position));
      const { bytesRead } = await handle.read(chunk, 0, chunk.length, position);
      if (bytesRead === 0) throw new Error("the file ended early");
      position += bytesRead;
      yield chunk.subarray(0, bytesRead);
    }
  }

  #advance(): void {
    this.#progress.resolve();
    this.#progress = Promise.withResolvers();
  }

  async #run(repository: string): Promise<void> {
    const { deps, digest } = this;
    const algorithm = algorithmOf(digest);
    // Readers open it as soon as the size is known.
    const handle = await open(this.#path, "a");
    const { size: present } = await handle.stat();
    await handle.close();
    let state = await hashFile(this.#path, algorithm, present);
    let total: number | undefined;
    for (let breaks = 0; ; ) {
      const before = state.offset;
      using stall = new StallGuard(longestPause);
      const headers: Record<string, string> = before > 0 ? { Range: `bytes=${before}-` } : {};
      const response = await this.upstream.ask(repository, `blobs/${digest}`, { headers, signal: stall.signal });
      if (response === undefined)
        throw new RegistryError("BLOB_UNKNOWN", "blob unknown to registry", { detail: { digest } });
      if (before > 0 && response.status !== 206) {
        // It serves no ranges, or all bytes were there already and the last attempt ended before their check.
        await response.body?.cancel();
        state = { hasher: new Bun.CryptoHasher(algorithm), offset: 0 };
        if (++breaks > mostBreaks) throw new RegistryError("UNAVAILABLE", `${digest} cannot be fetched`);
        continue;
      }
      total = totalOf(response, before) ?? this.expected;
      const limit = total ?? deps.options.maxBlobBytes;
      if (limit > deps.options.maxBlobBytes)
        throw new RegistryError("SIZE_INVALID", `a blob may have at most ${deps.options.maxBlobBytes} bytes here`, {
          status: 502,
        });
      this.#sized.resolve(total);
      const check = (bytes: number) => {
        stall.moved();
        if (bytes > limit)
          throw new RegistryError("SIZE_INVALID", "upstream sends more than it announced", { status: 502 });
      };
      const { error, offset } = await writeStream(this.#path, state, response.body ?? [], check, (written) => {
        this.#written = written;
        this.#advance();
      });
      deps.metrics.mirrorBytes.add(offset - before);
      if (error === undefined && (total === undefined || offset === total)) break;
      breaks = offset > before ? 0 : breaks + 1;
      if (breaks > mostBreaks) throw new RegistryError("UNAVAILABLE", `upstream breaks off: ${errorMessage(error)}`);
      deps.log.warn("fetch from upstream broke off, going on", {
        digest,
        offset,
        error: error === undefined ? "ended early" : errorMessage(error),
      });
    }
    await this.#finish(`${algorithm}:${state.hasher.digest("hex")}`, state.offset);
  }

  async #finish(actual: string, size: number): Promise<void> {
    const { deps, digest } = this;
    if (actual !== digest) {
      await rm(this.#path, { force: true });
      deps.log.error("upstream sent something else than was asked for", {
        digest,
        actual,
        upstream: this.upstream.options.url,
      });
      throw new RegistryError("DIGEST_INVALID", `upstream sent content with the digest ${actual}`, { status: 502 });
    }
    const [first = "", ...others] = this.#repositories;
    // A name of its own: a download that begins meanwhile must not find a file that is on its way out.
    const whole = `${this.#path}.whole`;
    await rename(this.#path, whole);
    await storeFile(deps, first, digest, whole, size);
    for (const repository of others) recordBlob(deps.db, repository, digest, size, deps.now());
    this.#written = size;
    this.#done = true;
    this.#advance();
  }
}

/** Aborts its signal when nothing moved for a while. */
class StallGuard implements Disposable {
  readonly #controller = new AbortController();
  readonly #timer: ReturnType<typeof setTimeout>;

  constructor(milliseconds: number) {
    this.#timer = setTimeout(() => this.#controller.abort(new Error("upstream stopped sending")), milliseconds);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  moved(): void {
    this.#timer.refresh();
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
  }
}

function totalOf(response: Response, offset: number): number | undefined {
  const range = /^bytes (\d+)-\d+\/(\d+)$/.exec(response.headers.get("content-range") ?? "");
  if (response.status === 206 && range) return Number(range[2]);
  const length = response.headers.get("content-length");
  return length === null ? undefined : offset + Number(length);
}
