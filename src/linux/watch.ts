import { watch } from "node:fs";

/** How often a directory is looked at where the kernel has no watches left, in milliseconds. */
const FALLBACK = 1000;

/**
 * Calls back after anything in a directory has changed, writes to its files included; many changes at once make few
 * calls. Where the machine's inotify watches are used up it calls at intervals instead.
 */
export function watchDirectory(directory: string, changed: () => void): Disposable {
  try {
    const watcher = watch(directory, { persistent: false }, changed);
    watcher.on("error", () => {});
    return { [Symbol.dispose]: () => watcher.close() };
  } catch {
    const timer = setInterval(changed, FALLBACK);
    timer.unref();
    return { [Symbol.dispose]: () => clearInterval(timer) };
  }
}
