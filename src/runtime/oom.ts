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
/** The kernel tells the monitor first and kills then: so many milliseconds later it has counted. */
const COUNTED = 50;

/**
 * The kernel's own count of how often it killed for memory. `file` changes with it; null on cgroup version 1, which has
 * no such file, and for a container without a cgroup of its own, whose count stays 0.
 */
export interface KillCount {
  file: string | null;
  read(): number;
}

/** `maybeTold`: what ran out may be what was told of already, by this daemon or the one before. */
export type OomListener = (id: string, options: { maybeTold: boolean }) => void;

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
   * Watches the kernel's count where it tells of changes. Otherwise watches the directory in which the monitor opens
   * its file when memory ran out, and looks at the count then: one event may come to the monitor twice.
   */
  add(id: string, dir: string, kills: KillCount): void {
    this.remove(id);
    const watch = new DisposableStack();
    this.#watches.set(id, watch);
    let last = 0;
    /** Tells what the kernel has counted since the last look. False where that is nothing. */
    const look = (): boolean => {
      const count = kills.read();
      const more = count > last;
      if (more) this.#tell(id, { maybeTold: false });
      last = Math.max(last, count);
      return more;
    };
    const later = (time: number, then: () => void) => {
      const timer = setTimeout(then, time).unref();
      watch.defer(() => clearTimeout(timer));
    };
    try {
      if (kills.file !== null) watch.use(this.inotify.watch(kills.file, inotifyMask.modify, look));
      else {
        watch.use(
          this.inotify.watch(dir, inotifyMask.open, (_, name) => {
            // Nothing is counted where the killer is disabled, or strikes in a cgroup that the container has made.
            if (name === FILE && !look()) later(COUNTED, () => look() || this.#tell(id, { maybeTold: true }));
          }),
        );
        later(MONITOR_WATCHES, look);
      }
    } catch (error) {
      // Then it is told with the container's end.
      if (!hasCode(error, "ENOENT"))
        this.log.warn("cannot watch a container for running out of memory", { id, error: errorMessage(error) });
    }
    last = kills.read();
    if (last > 0 || existsSync(join(dir, FILE))) this.#tell(id, { maybeTold: true });
  }

  remove(id: string): void {
    this.#watches.get(id)?.dispose();
    this.#watches.delete(id);
  }

  #tell(id: string, options: { maybeTold: boolean }): void {
    for (const listener of this.#listeners) listener(id, options);
  }
}
