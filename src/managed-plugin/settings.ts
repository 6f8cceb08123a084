import type { PluginConfig, PluginSettings } from "../api/types/plugin.ts";

/** The settings of a plugin that nobody has set anything of. */
export function initialSettings({ Mounts, Env, Args, Linux }: PluginConfig): PluginSettings {
  return {
    Mounts: structuredClone(Mounts ?? []),
    Env: (Env ?? []).flatMap(({ Name, Value }) => (Value === null ? [] : [`${Name}=${Value}`])),
    Args: [...(Args.Value ?? [])],
    Devices: structuredClone(Linux.Devices ?? []),
  };
}

/** What was set before, of what the plugin's new configuration still has and lets one set. */
export function carriedOver(config: PluginConfig, before: PluginSettings): PluginSettings {
  const fresh = initialSettings(config);
  const old = (name: string) => before.Env.find((entry) => entry.startsWith(`${name}=`));
  const env = (config.Env ?? []).flatMap(({ Name, Value, Settable }) => {
    const kept = Settable?.includes("value") ? old(Name) : undefined;
    return kept ?? (Value === null ? [] : `${Name}=${Value}`);
  });
  return {
    Mounts: fresh.Mounts.map((mount) => {
      const kept = mount.Settable?.includes("source") && before.Mounts.find(({ Name }) => Name === mount.Name);
      return kept ? { ...mount, Source: kept.Source } : mount;
    }),
    Env: env,
    Args: config.Args.Settable?.includes("value") ? before.Args : fresh.Args,
    Devices: fresh.Devices.map((device) => {
      const kept = device.Settable?.includes("path") && before.Devices.find(({ Name }) => Name === device.Name);
      return kept ? { ...device, Path: kept.Path } : device;
    }),
  };
}
