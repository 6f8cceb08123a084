import { readFileSync } from "node:fs";
import type { Daemon } from "./harness.ts";

/**
 * Milliseconds of processor that the daemon's main thread has used. Other than time, it is the same on a busy machine.
 */
function used(daemon: Daemon): number {
  return Number(readFileSync(`/proc/${daemon.pid}/task/${daemon.pid}/schedstat`, "utf8").split(" ")[0]) / 1e6;
}

/**
 * Does `work` while a bystander asks the daemon for a sign of life, again and again. `held`: what the daemon did for
 * others while the bystander waited for one answer, at most, in milliseconds of processor.
 */
export async function besideBystander<T>(daemon: Daemon, work: () => Promise<T>): Promise<{ result: T; held: number }> {
  let over = false;
  let held = 0;
  const result = work().finally(() => {
    over = true;
  });
  const bystander = (async () => {
    while (!over) {
      const before = used(daemon);
      await (await fetch("http://d/_ping", { unix: daemon.engineSocket })).text();
      held = Math.max(held, used(daemon) - before);
      await Bun.sleep(1);
    }
  })();
  await Promise.all([result, bystander]);
  return { result: await result, held };
}
