import type { Plugin } from "../api/types/plugin.ts";
import type { ManagedPluginDeps } from "./deps.ts";
import { findPlugin } from "./lookup.ts";
import type { PluginRecord } from "./record.ts";

/** `docker plugin inspect`. Throws `not-found`. */
export function inspectPlugin(deps: ManagedPluginDeps, ref: string): Plugin {
  return describePlugin(findPlugin(deps, ref));
}

/** A plugin as clients see it. */
export function describePlugin({ id, name, remote, phase, config, settings }: PluginRecord): Plugin {
  return {
    Config: config,
    Enabled: phase === "enabled",
    Id: id,
    Name: name,
    PluginReference: remote,
    Settings: settings,
  };
}
