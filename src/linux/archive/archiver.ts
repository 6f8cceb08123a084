import { availableParallelism } from "node:os";
import { sniffPacking } from "../../lib/decompress.ts";
import { cancelled, EngineError, errorMessage, internal } from "../../lib/errors.ts";
import type { LendableBody } from "../../lib/http-body.ts";
import { Semaphore } from "../../lib/lock.ts";
import { filterThrough } from "../../lib/run.ts";
import type { ChangesRequest, TreeChange } from "./changes.ts";
import { describeFailure, revive } from "./failure.ts";
import type { FromWorker, JobName, JobSource, Jobs, Member, ToWorker } from "./jobs.ts";
import { layTree } from "./lay.ts";
import { lentSource } from "./lent.ts";
import type {
  ArchiveCompression,
  CopyOptions,
  ExtractOptions,
  ExtractResult,
  PackOptions,
  PackResult,
  TreeItem,
} from "./options.ts";
import { packTree } from "./pack.ts";
import { areFew, isSmallTree } from "./small.ts";
import type { Stopped } from "./stop.ts";
import type { BlockGroup } from "./usage.ts";

/**
 * An archive to read: a file on disk or the body of a request (both read by the worker itself, fastest), or a stream
 * from anywhere.
 */
export type ArchiveSource = { file: string } | LendableBody | AsyncIterable<Uint8Array>;

const IDLE_MS = 3000;
const upkeep: ReadonlySet<JobName> = new Set(["remove", "unmount", "sync", "subvolume"]);

/**
 * Archives in and out of directory trees, and other walks over whole trees, in worker threads. One per daemon. A worker
 * is started when it is needed (5 ms) and ends when it has been idle for a while, so that an idle daemon holds none.
 */
export class Archiver implements AsyncDisposable {
  readonly #idle: Worker[] = [];
  readonly #busy = new Set<Worker>();
  /**
   * Jobs that work on files only: at most as many at once as the machine has use for. Jobs with streams mostly wait for
   * their peers, so they are not limited.
   */
  readonly #slots = new Semaphore(Math.max(4, availableParallelism()));
  /** For short jobs of the engine itself, which never wait for a long one. */
  readonly #upkeepSlots = new Semaphore(Math.max(4, availableParallelism()));
  #timer: Timer | undefined;

  /** Extracts an archive under `root`. On failure what was extracted so far stays: the caller removes it. */
  async extract(
    source: ArchiveSource,
    root: string,
    options: ExtractOptions = {},
    signal?: AbortSignal,
  ): Promise<ExtractResult> {
    return withSource(source, (from, io) => this.#run("extract", { source: from, root, options }, { signal, ...io }));
  }

  /**
   * Unpacks under `root` the archive that `tree` was unpacked from: tar-split kept what of it is not in the tree
   * (`split`, a gzipped file). Tells its digest.
   */
  rebuild(
    tree: string,
    split: string,
    root: string,
    options: ExtractOptions,
    signal?: AbortSignal,
  ): Promise<ExtractResult> {
    return this.#run("rebuild", { tree, split, root, options }, { signal });
  }

  /**
   * Packs the tree under `root` into a stream. The walk runs as the reader reads; cancel the stream to stop it. `check`
   * gets the archive's digest at the end, which is computed for it alone; what it throws the reader gets.
   */
  pack(root: string, options: PackOptions = {}, check?: (diffId: string) => void): ReadableStream<Uint8Array> {
    const abort = new AbortController();
    let more = () => {};
    let controller: ReadableStreamDefaultController<Uint8Array>;
    return new ReadableStream<Uint8Array>(
      {
        start: (given) => {
          controller = given;
          // A worker that is being stopped may still send: nobody takes it any more.
          const unless = (act: () => void) => {
            if (!abort.signal.aborted) act();
          };
          const output = {
            chunk: (data: Uint8Array) => unless(() => controller.enqueue(data)),
            ready: (ask: () => void) => (more = ask),
          };
          this.#run("pack", { root, options, digest: check !== undefined }, { signal: abort.signal, output })
            .then((diffId) => {
              if (diffId !== null) check?.(diffId);
              unless(() => controller.close());
            })
            .catch((error: unknown) => unless(() => controller.error(error)));
        },
        pull: () => more(),
        cancel: () => abort.abort(),
      },
      { highWaterMark: 2 },
    );
  }

  /** Packs into a new file. Entries are sorted and carry nothing of the moment, so equal trees give equal archives. */
  packToFile(root: string, file: string, options: PackOptions = {}, signal?: AbortSignal): Promise<PackResult> {
    return this.#run("packToFile", { root, file, options }, { signal });
  }

  /** What {@link pack} would make: its digest and size, without the bytes. */
  async digest(root: string, options: PackOptions = {}, signal?: AbortSignal): Promise<PackResult> {
    if (isSmallTree(root)) return atOnce((stopped) => packTree(root, options, () => {}, stopped), signal);
    return this.#run("digest", { root, options }, { signal });
  }

  /** Bytes that {@link pack} would make, by a walk that reads no file. */
  measure(root: string, options: PackOptions = {}, signal?: AbortSignal): Promise<number> {
    return this.#run("measure", { root, options }, { signal });
  }

  /** Packs one tree and extracts that into another, existing one. Tells the archive's digest. */
  transfer(
    root: string,
    pack: PackOptions,
    target: string,
    extract: ExtractOptions,
    signal?: AbortSignal,
  ): Promise<PackResult> {
    return this.#run("transfer", { root, pack, target, extract }, { signal });
  }

  /**
   * Makes a tree of items, directories before what is in them and names sorted, and tells the digest and size that
   * {@link pack} would give it. `root`: an empty directory; null: nothing is made, only digested.
   */
  async lay(items: readonly TreeItem[], root: string | null, signal?: AbortSignal): Promise<PackResult> {
    if (areFew(items)) return atOnce((stopped) => layTree(items, root, stopped), signal);
    return this.#run("lay", { items, root }, { signal });
  }

  /** Takes an archive of files apart into `dir`, each under a number, with its digest. */
  async unpackMembers(source: ArchiveSource, dir: string, signal?: AbortSignal): Promise<Member[]> {
    return withSource(source, (from, io) => this.#run("unpackMembers", { source: from, dir }, { signal, ...io }));
  }

  /** Compresses the content of a file (itself plain or compressed) into a new one. */
  recompress(
    source: string,
    file: string,
    compression: ArchiveCompression,
    level?: number,
    signal?: AbortSignal,
  ): Promise<PackResult> {
    return this.#run("recompress", { source, file, compression, ...(level !== undefined && { level }) }, { signal });
  }

  /** Removes trees; never crosses into a mount (EXDEV). Idempotent. */
  async remove(...paths: string[]): Promise<void> {
    if (paths.length > 0) await this.#run("remove", { paths }, {});
  }

  /** Unmounts off the main thread: letting go of a filesystem may write out much. Idempotent. */
  async unmount(target: string): Promise<void> {
    await this.#run("unmount", { target }, {});
  }

  /** Writes out the filesystem that holds `path`. */
  async sync(path: string): Promise<void> {
    await this.#run("sync", { path }, {});
  }

  /** Bytes in the files of a tree. */
  usage(path: string, signal?: AbortSignal): Promise<{ bytes: number; inodes: number }> {
    return this.#run("usage", { path }, { signal });
  }

  /** Bytes of the blocks that a tree takes, by groups. */
  blocks(path: string, groups: readonly BlockGroup[], signal?: AbortSignal): Promise<Record<string, number>> {
    return this.#run("blocks", { path, groups }, { signal });
  }

  /** What one tree changes in others. */
  changes(request: ChangesRequest, signal?: AbortSignal): Promise<TreeChange[]> {
    return this.#run("changes", request, { signal });
  }

  /** Bytes of the files that one tree adds to others, as {@link usage} counts. */
  changedBytes(request: ChangesRequest, signal?: AbortSignal): Promise<number> {
    return this.#run("changedBytes", request, { signal });
  }

  /** As {@link makeSubvolume}, which waits for the disk. */
  async subvolume(path: string, from: string | null): Promise<void> {
    await this.#run("subvolume", { path, from }, {});
  }

  /** As {@link limitSubvolume}, which may wait until the filesystem has counted. */
  async limitSubvolume(path: string, bytes: number): Promise<void> {
    await this.#run("limitSubvolume", { path, bytes }, {});
  }

  /** Copies a tree into an existing directory on this machine, with everything that the filesystem keeps. */
  async copy(from: string, to: string, options: CopyOptions = {}, signal?: AbortSignal): Promise<void> {
    await this.#run("copy", { from, to, options }, { signal });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearTimeout(this.#timer);
    for (const worker of [...this.#idle, ...this.#busy]) worker.terminate();
    this.#idle.length = 0;
    this.#busy.clear();
  }

  async #run<N extends JobName>(job: N, request: Jobs[N]["request"], io: JobIo): Promise<Jobs[N]["result"]> {
    if (io.signal?.aborted) throw cancelled("context canceled");
    using _slot = io.input || io.beyond || io.output ? undefined : await this.#slot(job, io.signal);
    const worker = this.#take();
    let healthy = false;
    try {
      const result = await converse(worker, job, request, io);
      healthy = true;
      return result;
    } catch (error) {
      healthy = !(error instanceof EngineError && error.message === CRASHED);
      throw error;
    } finally {
      this.#give(worker, healthy);
    }
  }

  #slot(job: JobName, signal: AbortSignal | undefined): Promise<Disposable> {
    return (upkeep.has(job) ? this.#upkeepSlots : this.#slots).acquire(signal).catch((error: unknown) => {
      throw signal?.aborted ? cancelled("context canceled") : error;
    });
  }

  #take(): Worker {
    const worker = this.#idle.pop() ?? new Worker(workerUrl());
    worker.ref();
    this.#busy.add(worker);
    return worker;
  }

  #give(worker: Worker, healthy: boolean): void {
    if (!this.#busy.delete(worker)) return;
    if (!healthy) {
      worker.terminate();
      return;
    }
    // An idle worker must not keep a program alive that has nothing else to do.
    worker.unref();
    this.#idle.push(worker);
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      for (const idle of this.#idle.splice(0)) idle.terminate();
    }, IDLE_MS);
    this.#timer.unref();
  }
}

/** Work of which there is so little that it is done on this thread. */
async function atOnce<T>(work: (stopped: Stopped) => T | Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  const stopped = () => signal?.aborted === true;
  try {
    return await work(stopped);
  } catch (error) {
    throw revive(describeFailure(error), stopped());
  }
}

/** Works on an archive as a worker gets it. What workers cannot decompress goes through a program first. */
async function withSource<T>(
  source: ArchiveSource,
  work: (from: JobSource, io: Pick<JobIo, "input" | "beyond">) => Promise<T>,
): Promise<T> {
  if ("file" in source) return work(source, {});
  const { packing, head, stream } = await sniffPacking(source);
  if (packing === "bzip2" || packing === "xz")
    return work("stream", { input: filterThrough([packing, "-dc"], stream) });
  // What is compressed goes through threads of the runtime, which have to be let go on.
  using lent = packing === "none" && "lend" in source ? await source.lend() : null;
  if (!lent) return work("stream", { input: stream });
  return await work({ lent: lentSource(head, lent) }, { beyond: (rest) => lent.finish(rest) });
}

interface JobIo {
  signal?: AbortSignal | undefined;
  input?: AsyncIterable<Uint8Array>;
  /** Told that a source that was lent is at its end, with what was read after it. */
  beyond?: (rest: Uint8Array) => void;
  output?: { chunk(data: Uint8Array): void; ready(ask: () => void): void };
}

const CRASHED = "an archive worker ended unexpectedly";

/** In the executable the bundler has put the worker beside the main program, under its path in `src/`. */
function workerUrl(): string {
  return import.meta.dir.startsWith("/$bunfs/")
    ? "/$bunfs/root/linux/archive/worker.js"
    : new URL("./worker.ts", import.meta.url).href;
}

/** One job on one worker, from start to end. */
function converse<N extends JobName>(
  worker: Worker,
  job: N,
  request: Jobs[N]["request"],
  io: JobIo,
): Promise<Jobs[N]["result"]> {
  const { promise, resolve, reject } = Promise.withResolvers<Jobs[N]["result"]>();
  const stop = new SharedArrayBuffer(4);
  // What comes late must not reach the worker's next job.
  let over = false;
  const tell = (message: ToWorker, transfer: ArrayBuffer[] = []) => {
    if (!over) worker.postMessage(message, transfer);
  };
  const input = io.input?.[Symbol.asyncIterator]();
  let wanted = 0;
  let feeding = false;

  const feed = async () => {
    if (feeding || !input) return;
    feeding = true;
    try {
      while (wanted > 0) {
        const next = await input.next();
        if (next.done) {
          wanted = 0;
          tell({ type: "end" });
          return;
        }
        wanted--;
        // A copy: the chunk may be a view of a buffer that its maker uses again.
        const data = new Uint8Array(next.value);
        tell({ type: "chunk", data }, [data.buffer]);
      }
      feeding = false;
    } catch (error) {
      tell({ type: "fail", message: errorMessage(error) });
    }
  };
  const abort = () => {
    Atomics.store(new Int32Array(stop), 0, 1);
    // Wakes a worker that waits for its peer.
    tell({ type: "fail", message: "aborted" });
    tell({ type: "more" });
  };
  worker.onmessage = (event: MessageEvent<FromWorker>) => {
    const message = event.data;
    if (message.type === "more") {
      wanted++;
      void feed();
    } else if (message.type === "beyond") io.beyond?.(message.data);
    else if (message.type === "chunk") io.output?.chunk(message.data);
    // In a turn of its own: Bun delivers no further message while code that this one woke up spins the event loop
    // (`expect().rejects` does).
    else if (message.type === "done") setImmediate(() => resolve(message.result as Jobs[N]["result"]));
    else setImmediate(() => reject(revive(message.error, io.signal?.aborted === true)));
  };
  worker.onerror = (event) => {
    event.preventDefault();
    reject(internal(CRASHED, event.message));
  };
  io.signal?.addEventListener("abort", abort, { once: true });
  io.output?.ready(() => tell({ type: "more" }));
  tell({ type: "start", job, request, stop } as ToWorker);
  return promise.finally(() => {
    over = true;
    io.signal?.removeEventListener("abort", abort);
    worker.onmessage = null;
    worker.onerror = null;
    void input?.return?.();
  });
}
