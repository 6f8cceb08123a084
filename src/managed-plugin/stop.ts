import { pause } from "../lib/pause.ts";
import type { ManagedPluginDeps } from "./deps.ts";
import { cleanUp } from "./launch.ts";

/** Milliseconds for a plugin to end by itself. */
const patience = 10_000;
const SIGTERM = 15;

/** Takes a plugin away from those who use it, ends its process and removes all that it had. Idempotent. */
export async function stopProcess(deps: ManagedPluginDeps, id: string): Promise<void> {
  const live = deps.live.of(id);
  clearTimeout(live.restart);
  live.endpoint?.[Symbol.dispose]();
  live.endpoint = null;
  if (deps.runtime.isAlive(id)) {
    await deps.runtime.kill(id, SIGTERM);
    const waiting = new AbortController();
    await Promise.race([live.ended.promise, pause(patience, waiting.signal)]);
    waiting.abort();
  }
  await cleanUp(deps, id);
  deps.live.delete(id);
}
