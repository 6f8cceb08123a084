import { watch } from "node:fs";

/** How often a directory is looked at where the kernel has no watches left, in milliseconds. */
const FALLBACK = 1000;

/**
 * Bun's watcher (1.4.5) drops events that come within a millisecond after the last one it reported. So `changed` is
 * called once more when nothing has been reported for this many milliseconds.
 */
const TRAILING = 25;

/**
 * Calls back after anything in a directory has changed, writes to its files included; many changes at once make few
 * calls. Where the machine's inotify watches are used up it calls at intervals instead.
 */
export function watchDirectory(directory: string, changed: () => void): Disposable {
  try {
    let trailing: Timer | undefined;
    const watcher = watch(directory, { persistent: false }, () => {
      clearTimeout(trailing);
      trailing = setTimeout(changed, TRAILING);
      trailing.unref();
      changed();
    });
    watcher.on("error", () => {});
    return {
      [Symbol.dispose]() {
        clearTimeout(trailing);
        watcher.close();
      },
    };
  } catch {
    const timer = setInterval(changed, FALLBACK);
    timer.unref();
    return { [Symbol.dispose]: () => clearInterval(timer) };
  }
}
