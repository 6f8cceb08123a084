import { errorMessage } from "../lib/errors.ts";
import type { ManagedPluginDeps } from "./deps.ts";
import { launch } from "./launch.ts";
import { pluginById } from "./table.ts";

/** Milliseconds until a plugin that ended is begun again: at once, and later the more often it ends soon. */
const firstPause = 100;
const longestPause = 60_000;
/** A life of so many milliseconds is no failure to begin. */
const longLife = 10_000;

/** The process of a plugin has ended. One that is enabled is begun again. */
export function handleEnd(deps: ManagedPluginDeps, id: string): void {
  const live = deps.live.get(id);
  if (!live) return;
  live.ended.resolve();
  if (deps.live.shuttingDown || pluginById(deps.store, id)?.phase !== "enabled") return;
  live.failures = Date.now() - live.begun < longLife ? live.failures + 1 : 0;
  deps.log.warn("a plugin has ended and is begun again", { plugin: id });
  restartLater(deps, id, live.failures > 1 ? Math.min(firstPause * 2 ** (live.failures - 1), longestPause) : 0);
}

/** Begins an enabled plugin that does not run. Who calls it meanwhile waits for its socket. */
export function restartLater(deps: ManagedPluginDeps, id: string, milliseconds: number): void {
  const live = deps.live.of(id);
  clearTimeout(live.restart);
  live.restart = setTimeout(() => void restart(deps, id), milliseconds);
}

async function restart(deps: ManagedPluginDeps, id: string): Promise<void> {
  using _ = await deps.locks.acquire(id);
  const plugin = pluginById(deps.store, id);
  if (plugin?.phase !== "enabled" || deps.live.shuttingDown || deps.runtime.isAlive(id)) return;
  try {
    await launch(deps, plugin);
  } catch (error) {
    const live = deps.live.of(id);
    live.failures++;
    deps.log.error("cannot begin a plugin again", { plugin: id, error: errorMessage(error) });
    restartLater(deps, id, Math.min(firstPause * 2 ** live.failures, longestPause));
  }
}
