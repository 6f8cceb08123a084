import type { EngineApi } from "../server/api.ts";

const MiB = 1024 * 1024;

/**
 * Milliseconds without a request after which the daemon counts as idle, and the same after a burst of work: when the
 * heap has grown by so many bytes.
 */
const pauses = { quiet: 5000, soon: 250 };
const burst = 8 * MiB;

/** Bytes by which the process may have grown before its compiled code is dropped. */
const growth = 16 * MiB;

/** What the process takes, in bytes, and what makes it less. */
interface Memory {
  /** Of the JavaScript heap. */
  used(): number;
  /** Of everything. */
  resident(): number;
  /** `whole`: all of the heap, in one go. */
  collect(whole: boolean): void;
  /** Drops compiled code, which is made again when it is called. */
  shrink(): void;
}

const ofProcess: Memory = {
  used: () => process.memoryUsage().heapUsed,
  resident: () => process.memoryUsage.rss(),
  collect: (whole) => Bun.gc(whole),
  shrink: () => Bun.shrink(),
};

/**
 * Gives memory back when there is nothing to do. The collector by itself keeps what the last burst of work needed (a
 * third more, measured with Bun 1.4.5 after some hundred containers; twice as much after builds of many files); a whole
 * collection takes some 30 ms, which nobody waits for then. Soon after a burst it goes on beside other work.
 *
 * What the optimizing compiler has made is not collected, and takes as much as all the rest after some fifty builds.
 * A build after it was dropped takes 60 ms more, so it goes only where it has become much. (Bun calls `shrink`
 * deprecated, and has nothing in its place.)
 */
export function collectWhenIdle(
  api: Pick<EngineApi, "handled">,
  { used, resident, collect, shrink } = ofProcess,
  { quiet, soon } = pauses,
): Disposable {
  let seen = api.handled;
  let since = performance.now();
  let due = false;
  let floor = used();
  let small = resident();
  let shrunk = false;
  const shrinkIfLarge = () => {
    shrunk = resident() > small + growth;
    if (shrunk) shrink();
  };
  const look = () => {
    if (api.handled !== seen) {
      seen = api.handled;
      since = performance.now();
      due = true;
    } else if (due) {
      const idle = performance.now() - since >= quiet;
      if (idle || used() > floor + burst) {
        collect(idle);
        if (idle) shrinkIfLarge();
        floor = used();
      }
      due = !idle;
    } else if (shrunk) {
      // From here on: an engine that has much to keep would drop its code again and again otherwise.
      small = resident();
      shrunk = false;
    }
    timer = setTimeout(look, due ? soon : quiet);
  };
  let timer = setTimeout(look, quiet);
  return { [Symbol.dispose]: () => clearTimeout(timer) };
}
