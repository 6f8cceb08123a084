import { errorMessage } from "../lib/errors.ts";
import type { ManagedPluginDeps } from "./deps.ts";
import { cleanUp, launch, takeUp } from "./launch.ts";
import { PluginLog } from "./log.ts";
import { sweepDirectories } from "./own-directory.ts";
import type { PluginRecord } from "./record.ts";
import { handleEnd, restartLater } from "./restart.ts";
import { stopProcess } from "./stop.ts";
import { allPlugins, updatePhase } from "./table.ts";

/**
 * At boot, before anybody can need a plugin: those that run are taken up, enabled ones that do not are begun, what a
 * crash cut off is finished or undone, and what belongs to no plugin is removed.
 */
export async function restorePlugins(deps: ManagedPluginDeps): Promise<void> {
  // Watching starts before looking: an end in between is seen twice rather than missed.
  deps.live.exitWatch = deps.runtime.watchExits(({ id, containerId }) => {
    if (containerId === undefined) handleEnd(deps, id);
  });
  const plugins = allPlugins(deps.store);
  const known = new Set(plugins.map(({ id }) => id));
  for (const id of deps.runtime.ids()) if (!known.has(id)) await cleanUp(deps, id);
  await Promise.all(
    plugins.map((plugin) =>
      restoreOne(deps, plugin).catch((error: unknown) =>
        deps.log.error("cannot restore a plugin", { plugin: plugin.id, error: errorMessage(error) }),
      ),
    ),
  );
  await sweepDirectories(deps);
}

async function restoreOne(deps: ManagedPluginDeps, plugin: PluginRecord): Promise<void> {
  const { id, phase } = plugin;
  using _ = await deps.locks.acquire(id);
  if (phase === "disabled") return;
  if (phase !== "enabled") {
    // Nobody has been told that it is enabled; or somebody wanted it to end.
    await stopProcess(deps, id);
    return updatePhase(deps.store, id, "disabled");
  }
  const live = deps.live.of(id);
  takeUp(deps, plugin);
  if (deps.runtime.isAlive(id)) {
    live.log = new PluginLog(deps.paths.logs(id), id, deps.log);
    return;
  }
  try {
    await launch(deps, plugin);
  } catch (error) {
    deps.log.error("cannot begin a plugin at boot", { plugin: id, error: errorMessage(error) });
    live.failures++;
    restartLater(deps, id, 1000);
  }
}
