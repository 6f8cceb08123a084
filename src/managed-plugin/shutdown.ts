import type { ManagedPluginDeps } from "./deps.ts";
import { stopProcess } from "./stop.ts";
import { allPlugins } from "./table.ts";

/** Lets go of the plugins, which run on. The next daemon takes them up again with `restorePlugins`. */
export async function releasePlugins({ live }: ManagedPluginDeps): Promise<void> {
  live.shuttingDown = true;
  live.exitWatch?.[Symbol.dispose]();
  for (const plugin of live.values()) {
    clearTimeout(plugin.restart);
    plugin.endpoint?.[Symbol.dispose]();
    await plugin.log?.stop();
  }
}

/** Ends their processes, after those of containers, without noting it as somebody's wish. */
export async function shutdownPlugins(deps: ManagedPluginDeps): Promise<void> {
  deps.live.shuttingDown = true;
  const enabled = allPlugins(deps.store).filter(({ phase }) => phase === "enabled");
  await Promise.all(enabled.map(({ id }) => stopProcess(deps, id)));
  await releasePlugins(deps);
}
