import { existsSync } from "node:fs";
import { join } from "node:path";
import { errorMessage, hasCode } from "../lib/errors.ts";
import type { Logger } from "../lib/log.ts";
import { type Inotify, inotifyMask } from "../linux/inotify.ts";

/** The monitor opens this file, and makes it the first time, whenever memory has run out. */
const FILE = "oom";

/**
 * The monitor sends word of a new container a moment before it begins to watch it (conmon 2.1.6). After so many
 * milliseconds it surely does, and one look shows what ran out of memory in between.
 */
const MONITOR_WATCHES = 1_000;

/**
 * The kernel's own count of how often it killed for memory. `file` changes with it; null on cgroup version 1, which has
 * no such file.
 */
export interface KillCount {
  file: string | null;
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
   * Watches the kernel's own count where it tells of changes. Otherwise watches the directory in which the monitor opens
   * its file each time that memory ran out, and looks at the count once, for the moment in which the container may run
   * and the monitor does not watch yet. Null: the container has no cgroup of its own.
   */
  add(id: string, dir: string, kills: KillCount | null): void {
    this.remove(id);
    const watch = new DisposableStack();
    this.#watches.set(id, watch);
    try {
      if (kills?.file) {
        watch.use(this.#watchCount(id, kills.file, kills.read));
      } else {
        watch.use(
          this.inotify.watch(dir, inotifyMask.open, (_, name) => {
            if (name === FILE) this.#tell(id, false);
          }),
        );
      }
    } catch (error) {
      // Then it is told with the container's end.
      if (!hasCode(error, "ENOENT"))
        this.log.warn("cannot watch a container for running out of memory", { id, error: errorMessage(error) });
    }
    const missed = () => existsSync(join(dir, FILE)) || (kills !== null && kills.read() > 0);
    if (missed()) this.#tell(id, true);
    else if (kills?.file === null) {
      const look = setTimeout(() => {
        if (missed()) this.#tell(id, true);
      }, MONITOR_WATCHES).unref();
      watch.defer(() => clearTimeout(look));
    }
  }

  #watchCount(id: string, file: string, read: () => number): Disposable {
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
