import type { PluginConfig, PluginPrivilege } from "../api/types/plugin.ts";
import { invalid } from "../lib/errors.ts";

/** What of the machine a plugin wants, beyond what any container has. */
export function privilegesOf(config: PluginConfig): PluginPrivilege[] {
  const { Network, IpcHost, PidHost, Mounts, Linux } = config;
  const privileges: PluginPrivilege[] = [];
  const want = (Name: string, Description: string, ...Value: string[]) => privileges.push({ Name, Description, Value });
  if (!["", "null", "bridge"].includes(Network.Type)) want("network", "permissions to access a network", Network.Type);
  if (IpcHost) want("host ipc namespace", "allow access to host ipc namespace", "true");
  if (PidHost) want("host pid namespace", "allow access to host pid namespace", "true");
  for (const { Source } of Mounts ?? []) if (Source !== null) want("mount", "host path to mount", Source);
  for (const { Path } of Linux.Devices ?? []) if (Path !== null) want("device", "host device to access", Path);
  if (Linux.AllowAllDevices) want("allow-all-devices", "allow 'rwm' access to all devices", "true");
  if (Linux.Capabilities?.length)
    want("capabilities", "list of additional capabilities required", ...Linux.Capabilities);
  return privileges;
}

/** Throws where what a user has granted is not exactly what the plugin wants. */
export function requirePrivileges(config: PluginConfig, granted: readonly PluginPrivilege[]): void {
  const told = (privileges: readonly PluginPrivilege[]) =>
    privileges.map(({ Name, Value }) => JSON.stringify([Name, [...Value].sort()])).sort();
  if (!Bun.deepEquals(told(privilegesOf(config)), told(granted))) throw invalid("incorrect privileges");
}
