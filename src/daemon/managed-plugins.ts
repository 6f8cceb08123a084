import { logDriverUsed } from "../container/log-driver-used.ts";
import { conflict, type EngineError } from "../lib/errors.ts";
import { KeyedLock } from "../lib/lock.ts";
import type { ManagedPluginDeps } from "../managed-plugin/deps.ts";
import { LivePlugins } from "../managed-plugin/live.ts";
import { findByName } from "../managed-plugin/lookup.ts";
import { PluginPaths, pluginExecRoot } from "../managed-plugin/paths.ts";
import { networkDriverUsed } from "../network/driver-used.ts";
import { createRuntimeDeps, type RuntimeDeps } from "../runtime/deps.ts";
import { openRuntime } from "../runtime/runtime.ts";
import type { Store } from "../store/store.ts";
import { volumeDriverUsed } from "../volume/driver-used.ts";
import type { DaemonConfig } from "./config/config.ts";

/** What plugins that the engine runs need, with a runtime of their own beside that of containers. */
export function managedPlugins(
  { dataRoot, execRoot }: DaemonConfig,
  runtime: RuntimeDeps,
  parts: Pick<ManagedPluginDeps, "store" | "images" | "remote" | "facts" | "events" | "log" | "endpoints">,
): ManagedPluginDeps {
  const paths = new PluginPaths(dataRoot, pluginExecRoot(execRoot));
  return {
    ...parts,
    runtime: openRuntime(createRuntimeDeps({ ...runtime, execRoot: paths.execRoot })),
    paths,
    locks: new KeyedLock(),
    live: new LivePlugins(),
    users: { uses: (name) => [`${name}`, name.replace(/:latest$/, "")].some((each) => isUsed(parts.store, each)) },
  };
}

/** Why a plugin of that name cannot be used now: it is disabled. Null: none of that name is managed, or it runs. */
export function disabledPlugin(store: Store, ref: string): EngineError | null {
  const plugin = findByName(store, ref);
  return plugin && plugin.phase !== "enabled" ? conflict(`plugin ${ref} found but disabled`) : null;
}

function isUsed(store: Store, driver: string): boolean {
  return volumeDriverUsed(store, driver) || networkDriverUsed(store, driver) || logDriverUsed(store, driver);
}
