import { existsSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { errorKind, errorMessage } from "../../lib/errors.ts";
import { Semaphore } from "../../lib/lock.ts";
import type { Logger } from "../../lib/log.ts";
import { watchDirectory } from "../../linux/watch.ts";
import { liveLink } from "./files.ts";
import type { LogLimits } from "./limits.ts";
import { rotateLog, secureLive, tidyRotated } from "./rotate.ts";

/** Least time between two looks at a log that is being written to, in milliseconds. */
const CHECK_INTERVAL = 100;

/** A log to be kept within its limits. `path`: the live file. */
export interface KeptLog {
  path: string;
  limits: LogLimits;
  /** Asks the writer to go on in a new file at `path`. */
  reopen: () => Promise<void>;
}

/** Keeps the logs of running containers within their limits. Costs nothing while nobody writes. */
export class LogKeeper {
  readonly #logs = new Map<string, Keeping>();
  /** Compression is for idle moments: one file at a time, whatever the number of containers. */
  readonly #compressing = new Semaphore(1);

  constructor(private readonly log: Logger) {}

  /** `adopted`: the writer runs since before this daemon, which may have ended in the middle of a rotation. */
  keep(id: string, kept: KeptLog, { adopted }: { adopted: boolean }): void {
    if (kept.limits.maxSize === null || this.#logs.has(id)) return;
    this.#logs.set(
      id,
      new Keeping(kept, kept.limits.maxSize, adopted, this.#compressing, (error) => {
        this.log.warn("cannot rotate a container's log", { id, error: errorMessage(error) });
      }),
    );
  }

  /** Resolves when nothing of the log is being worked on any more. */
  async release(id: string): Promise<void> {
    const keeping = this.#logs.get(id);
    this.#logs.delete(id);
    await keeping?.stop();
  }
}

class Keeping {
  readonly #stopping = new AbortController();
  readonly #watch: Disposable;
  #timer: Timer | null = null;
  #work: Promise<void> = Promise.resolve();
  #working = false;
  /** The writer was asked to change over and has not done it yet. Asking again could cost what it writes in between. */
  #asked = false;
  #tidying: Promise<void> | null = null;

  constructor(
    private readonly kept: KeptLog,
    private readonly maxSize: number,
    adopted: boolean,
    private readonly compressing: Semaphore,
    private readonly failed: (error: unknown) => void,
  ) {
    this.#watch = watchDirectory(dirname(kept.path), () => this.#soon());
    this.#start(adopted);
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#watch[Symbol.dispose]();
    if (this.#timer) clearTimeout(this.#timer);
    await this.#work;
    await this.#tidying;
  }

  #soon(): void {
    if (this.#timer || this.#stopping.signal.aborted) return;
    this.#timer = setTimeout(() => {
      this.#timer = null;
      this.#start(false);
    }, CHECK_INTERVAL);
    this.#timer.unref();
  }

  #start(adopted: boolean): void {
    if (this.#working) return this.#soon();
    this.#working = true;
    this.#work = this.#check(adopted)
      .catch((error: unknown) => {
        // A conflict means that the writer has ended. What it wrote is in the file that was put aside; nothing else is
        // to be done.
        if (!this.#stopping.signal.aborted && errorKind(error) !== "conflict") this.failed(error);
      })
      .finally(() => (this.#working = false));
  }

  async #check(adopted: boolean): Promise<void> {
    const { path, reopen } = this.kept;
    const size = statSync(path, { throwIfNoEntry: false })?.size;
    if (size === undefined) {
      // Renamed and not made anew: the daemon before this one ended in between, or the writer is held up.
      if (adopted) this.#asked = !(await rotateLog(path, reopen));
      return;
    }
    if (this.#asked || adopted || replaced(path)) {
      this.#asked = false;
      await secureLive(path);
      this.#tidy();
    }
    if (size < this.maxSize) return;
    this.#asked = !(await rotateLog(path, reopen));
    if (!this.#asked) this.#tidy();
  }

  /** In the background: the next rotation must not wait for it. */
  #tidy(): void {
    this.#tidying ??= this.#tidyWhenFree().finally(() => (this.#tidying = null));
  }

  async #tidyWhenFree(): Promise<void> {
    const { path, limits } = this.kept;
    try {
      await tidyRotated(path, { ...limits, compress: false }, this.#stopping.signal);
      if (!limits.compress) return;
      using _ = await this.compressing.acquire();
      if (existsSync(path)) await tidyRotated(path, limits, this.#stopping.signal);
    } catch (error) {
      if (!this.#stopping.signal.aborted) this.failed(error);
    }
  }
}

/** The second name is missing, or names a file that is live no more. */
function replaced(path: string): boolean {
  const link = liveLink(path);
  return (
    link === null ||
    statSync(link.path, { throwIfNoEntry: false })?.ino !== statSync(path, { throwIfNoEntry: false })?.ino
  );
}
