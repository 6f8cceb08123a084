import { existsSync } from "node:fs";
import { join } from "node:path";
import { errorMessage, hasCode } from "../lib/errors.ts";
import type { Logger } from "../lib/log.ts";
import { type Inotify, inotifyMask } from "../linux/inotify.ts";

/** The monitor opens this file, and makes it the first time, whenever memory has run out. */
const FILE = "oom";

/** Where the kernel counts by itself how often it killed for memory: a file that changes then, and the count. */
export interface KillCount {
  file: string;
  read(): number;
}

/** `missed`: it happened while no daemon watched. */
export type OomListener = (id: string, options: { missed: boolean }) => void;

/**
 * Tells of containers whose memory ran out, at once: whether anything was killed for it, and what, is another matter.
 */
export class OomWatch {
  readonly #listeners = new Set<OomListener>();
  readonly #watches = new Map<string, DisposableStack>();

  constructor(
    private readonly inotify: Inotify,
    private readonly log: Logger,
  ) {}

  listen(listener: OomListener): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) };
  }

  /**
   * Watches the kernel's own count where there is one, because the monitor begins to watch a moment after its container
   * may have begun to run. Otherwise watches the directory in which the monitor opens its file each time that memory
   * ran out; cgroup version 1 also tells the monitor of times before it began to watch.
   */
  add(id: string, dir: string, kills: KillCount | null): void {
    this.remove(id);
    const watch = new DisposableStack();
    this.#watches.set(id, watch);
    try {
      if (kills === null) {
        watch.use(
          this.inotify.watch(dir, inotifyMask.open, (_, name) => {
            if (name === FILE) this.#tell(id, false);
          }),
        );
      } else {
        watch.use(this.#watchCount(id, kills));
      }
    } catch (error) {
      // Then it is told with the container's end.
      if (!hasCode(error, "ENOENT"))
        this.log.warn("cannot watch a container for running out of memory", { id, error: errorMessage(error) });
    }
    if (existsSync(join(dir, FILE)) || (kills !== null && kills.read() > 0)) this.#tell(id, true);
  }

  #watchCount(id: string, { file, read }: KillCount): Disposable {
    let last = 0;
    const watch = this.inotify.watch(file, inotifyMask.modify, () => {
      const count = read();
      if (count > last) this.#tell(id, false);
      last = Math.max(last, count);
    });
    last = read();
    return watch;
  }

  remove(id: string): void {
    this.#watches.get(id)?.dispose();
    this.#watches.delete(id);
  }

  #tell(id: string, missed: boolean): void {
    for (const listener of this.#listeners) listener(id, { missed });
  }
}
