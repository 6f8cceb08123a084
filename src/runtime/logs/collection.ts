import { dirname } from "node:path";
import { errorMessage } from "../../lib/errors.ts";
import type { Logger } from "../../lib/log.ts";
import { pause } from "../../lib/pause.ts";
import { type Inotify, inotifyMask } from "../../linux/inotify.ts";
import { Bell } from "./bell.ts";
import { Changes } from "./changes.ts";
import { CollectedFile } from "./collected-file.ts";
import type { LogLimits } from "./limits.ts";
import { endOfLog } from "./open-log.ts";
import { walkLog } from "./walk.ts";

/** Bytes that a file gets unasked: some programs pass over empty files, and tell others apart by their first 1,024. */
const LURE = 4096;
/** Least time between two looks at a log, in milliseconds: what many small writes bring is taken together. */
const INTERVAL = 100;
/** Bytes of a log that are no hurry. */
const SMALL = 32 * 1024;
/** Time until what went wrong (a full disk) is tried again, in milliseconds. */
const RETRY = 5_000;

/** The files of a container's log that is also written in Docker's json-file format. */
export interface CollectionSpec {
  id: string;
  /** The live file of the log that the monitor writes. */
  source: string;
  /** Where the lines of Docker's json-file go. */
  target: string;
  /** Where it is noted how far they have come. */
  state: string;
  limits: LogLimits;
}

/**
 * Writes a container's log to `target`, but only once somebody reads that file; until then it holds a small beginning.
 * When the file is first opened or read, all of the log is written to it, and from then on whatever is added, for as
 * long as the container exists. A new daemon writes a little more unasked, so that a reader who opened the file while
 * there was no daemon reads again and is noticed.
 */
export class Collection {
  #file: CollectedFile;
  readonly #stop = new AbortController();
  readonly #bell = new Bell();
  /** Aborted when the run that is under way has ended; null where there is none. */
  #run: AbortController | null;
  /** All that the last run left is done. */
  #rested = Promise.withResolvers<void>();
  #lureTo: number;
  readonly #done: Promise<void>;

  /**
   * `attributes`: a run begins with it (see {@link begin}). `running`: one is under way that an earlier daemon began.
   */
  constructor(
    private readonly spec: CollectionSpec,
    { running, attributes }: { running: boolean; attributes?: string },
    private readonly inotify: Inotify,
    private readonly log: Logger,
  ) {
    this.#file = this.#openFile();
    if (attributes !== undefined) this.#file.setAttributes(attributes);
    this.#lureTo = Math.max(LURE, this.#file.size + 1);
    this.#run = running ? new AbortController() : null;
    this.#done = this.#work();
  }

  /**
   * Another run begins, whose lines carry these attributes (see encodeAttributes). Resolves when nothing of the one
   * before is left to do.
   */
  async begin(attributes: string): Promise<void> {
    await this.#rested.promise;
    if (this.#stop.signal.aborted) return;
    this.#file.ensure();
    this.#file.setAttributes(attributes);
    this.#lureTo = Math.max(this.#lureTo, this.#file.size + 1);
    this.#rested = Promise.withResolvers();
    this.#run = new AbortController();
    this.#bell.ring();
  }

  /** The writer has ended, and all it said is in the log. */
  end(): void {
    this.#run?.abort();
    this.#run = null;
    this.#bell.ring();
  }

  /** Resolves when nothing is being written any more. */
  async stop(): Promise<void> {
    this.#stop.abort();
    this.#rested.resolve();
    this.#bell.ring();
    await this.#done;
    await this.#file.settled();
  }

  #openFile(): CollectedFile {
    const { target, state, limits } = this.spec;
    const file = new CollectedFile(target, state, limits, (error) => this.#complain(error));
    file.ensure();
    return file;
  }

  async #work(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      try {
        await this.#lure();
        while (!signal.aborted) await this.#copy();
      } catch (error) {
        this.#complain(error);
        if (!(await pause(RETRY, signal))) return;
        // From where the record says that it is.
        await this.#file.settled();
        this.#file.close();
        this.#file = this.#openFile();
      }
    }
  }

  /** Writes what is written unasked, to the time when somebody reads it. */
  async #lure(): Promise<void> {
    const {
      spec: { source, target },
    } = this;
    const { signal } = this.#stop;
    using watches = new DisposableStack();
    let read = false;
    let watching: Disposable | null = null;
    watches.defer(() => watching?.[Symbol.dispose]());
    while (!signal.aborted && !this.#file.collected) {
      const run = this.#run;
      let more = false;
      if (this.#file.size < this.#lureTo) {
        // Opened before the watch begins, so that our own opening is not seen; written after it has begun, so that a
        // reader who reacts to the new bytes is.
        watching?.[Symbol.dispose]();
        this.#file.open();
        watching = this.#watchReaders(target, () => (read = true));
        if (run) watches.use(this.#watchGrowth(dirname(source)));
        more = await this.#take(run);
        this.#file.close();
      }
      watching ??= this.#watchReaders(target, () => (read = true));
      if (!more) {
        if (this.#run === null && run === null) this.#rested.resolve();
        await this.#bell.next();
        if (!read && !signal.aborted && this.#run === run && run) await pause(INTERVAL, run.signal);
      }
      this.inotify.flush();
      if (read) this.#file.markCollected();
    }
  }

  /** Writes the next piece of the log. False where there is none; what a run left unfinished is then written too. */
  async #take(run: AbortController | null): Promise<boolean> {
    const { source } = this.spec;
    for await (const batch of walkLog({ path: source, from: this.#file.position, end: await endOfLog(source) })) {
      await this.#file.append(batch);
      return true;
    }
    if (run === null) await this.#file.flush();
    return false;
  }

  /** Where the kernel has no watches left nobody can tell who reads: then everything is written. */
  #watchReaders(path: string, read: () => void): Disposable {
    const noticed = () => {
      read();
      this.#bell.ring();
    };
    try {
      return this.inotify.watch(path, inotifyMask.open | inotifyMask.access, noticed);
    } catch (error) {
      this.#complain(error);
      noticed();
      return { [Symbol.dispose]() {} };
    }
  }

  /** Rings once, at the first change. */
  #watchGrowth(directory: string): Disposable {
    return this.inotify.watch(directory, inotifyMask.modify | inotifyMask.oneshot, () => this.#bell.ring());
  }

  /** Brings the file up to the log and keeps it there, to the end of a run; then waits for the next. */
  async #copy(): Promise<void> {
    const {
      spec: { source },
    } = this;
    const { signal } = this.#stop;
    const run = this.#run;
    this.#file.open();
    this.#file.filling = true;
    try {
      using changes = run && new Changes(dirname(source), [run.signal, signal]);
      const bound = changes
        ? { following: { path: source, changes, ended: run?.signal, signal } }
        : { end: await endOfLog(source) };
      for await (const batch of walkLog({ path: source, from: this.#file.position, ...bound })) {
        if (signal.aborted) return;
        await this.#file.append(batch);
        // A small one is the last that there is.
        if (batch.length >= SMALL) continue;
        this.#file.filling = false;
        if (run) await pause(INTERVAL, run.signal);
      }
      if (signal.aborted) return;
      await this.#file.flush();
    } finally {
      this.#file.close();
    }
    if (this.#run !== null) return;
    this.#rested.resolve();
    await this.#bell.next();
  }

  #complain(error: unknown): void {
    this.log.warn("cannot write a container's log for its collector", { id: this.spec.id, error: errorMessage(error) });
  }
}
