import type { EngineApi } from "../server/api.ts";

/**
 * Milliseconds without a request after which the daemon counts as idle, and the same after a burst of work: when the
 * heap has grown by so many bytes.
 */
const pauses = { quiet: 5000, soon: 250 };
const burst = 8 * 1024 * 1024;

const heap = { used: () => process.memoryUsage().heapUsed, collect: (whole: boolean) => Bun.gc(whole) };

/**
 * Gives memory back when there is nothing to do. The collector by itself keeps what the last burst of work needed (a
 * third more, measured with Bun 1.4.5 after some hundred containers; twice as much after builds of many files); a whole
 * collection takes some 30 ms, which nobody waits for then. Soon after a burst it goes on beside other work.
 */
export function collectWhenIdle(
  api: Pick<EngineApi, "handled">,
  { used, collect } = heap,
  { quiet, soon } = pauses,
): Disposable {
  let seen = api.handled;
  let since = performance.now();
  let due = false;
  let floor = used();
  const look = () => {
    if (api.handled !== seen) {
      seen = api.handled;
      since = performance.now();
      due = true;
    } else if (due) {
      const idle = performance.now() - since >= quiet;
      if (idle || used() > floor + burst) {
        collect(idle);
        floor = used();
      }
      due = !idle;
    }
    timer = setTimeout(look, due ? soon : quiet);
  };
  let timer = setTimeout(look, quiet);
  return { [Symbol.dispose]: () => clearTimeout(timer) };
}
