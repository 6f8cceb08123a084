import type { PluginConfig, PluginSettings } from "../api/types/plugin.ts";
import { internal } from "../lib/errors.ts";
import type { ManagedPluginDeps } from "./deps.ts";
import { findPlugin } from "./lookup.ts";
import { pluginById, updateSettings } from "./table.ts";

/** One `NAME[.FIELD][=VALUE]`. */
interface Setting {
  name: string;
  field: string;
  value: string;
}

/** `docker plugin set`: changes what the plugin's configuration lets users change; all of it or nothing. */
export async function setPlugin(deps: ManagedPluginDeps, ref: string, given: readonly string[]): Promise<void> {
  const { id } = findPlugin(deps, ref);
  using _ = await deps.locks.acquire(id);
  const plugin = pluginById(deps.store, id) ?? findPlugin(deps, ref);
  if (plugin.phase !== "disabled") throw internal("cannot set on an active plugin, disable plugin before setting");
  updateSettings(deps.store, id, withSettings(plugin.config, plugin.settings, given));
}

/** The settings, with those given in their place. Throws Docker's words for what cannot be set. */
export function withSettings(config: PluginConfig, before: PluginSettings, given: readonly string[]): PluginSettings {
  const settings = structuredClone(before);
  for (const setting of given.map(parse)) apply(config, settings, setting);
  return settings;
}

function parse(text: string): Setting {
  const equals = text.indexOf("=");
  if (equals === 0 || text === "") throw internal("invalid format, must be <name>[.<field>][=<value>]");
  const key = equals < 0 ? text : text.slice(0, equals);
  const dot = key.lastIndexOf(".");
  return {
    name: dot > 0 ? key.slice(0, dot) : key,
    field: dot > 0 ? key.slice(dot + 1) : "",
    value: equals < 0 ? "" : text.slice(equals + 1),
  };
}

function apply(config: PluginConfig, settings: PluginSettings, setting: Setting): void {
  const { name, value } = setting;
  const env = config.Env?.find(({ Name }) => Name === name);
  if (env) {
    requireSettable(setting, env.Settable, "value");
    const at = settings.Env.findIndex((entry) => entry.startsWith(`${name}=`));
    settings.Env.splice(at < 0 ? settings.Env.length : at, at < 0 ? 0 : 1, `${name}=${value}`);
    return;
  }
  const mount = settings.Mounts.find(({ Name }) => Name === name);
  if (mount) {
    requireSettable(setting, mount.Settable, "source");
    if (mount.Source === null) throw internal("Plugin config has no mount source");
    mount.Source = value;
    return;
  }
  const device = settings.Devices.find(({ Name }) => Name === name);
  if (device) {
    requireSettable(setting, device.Settable, "path");
    if (device.Path === null) throw internal("Plugin config has no device path");
    device.Path = value;
    return;
  }
  if (config.Args.Name !== name)
    throw internal(`setting ${JSON.stringify(name)} not found in the plugin configuration`);
  requireSettable(setting, config.Args.Settable, "value");
  settings.Args = value.split(" ");
}

/** `field`: the one of such a thing that may be set at all. */
function requireSettable({ name, field: asked }: Setting, settable: readonly string[] | null, field: string): void {
  if (asked === "" && (settable?.length ?? 0) > 1)
    throw internal("multiple fields are settable, one must be specified");
  const wanted = asked || settable?.[0];
  if (wanted !== field || !settable?.includes(field))
    throw internal(`${JSON.stringify(asked ? `${name}.${asked}` : name)} is not settable`);
}
