/** What clients send of plugins, and what a plugin's `config.json` says. */
import { invalid } from "../../lib/errors.ts";
import type { PluginConfig, PluginPrivilege } from "../types/plugin.ts";
import { boolean, type Infer, integer, list, type Schema, string, strings, struct } from "./schema.ts";

/** Body of `POST /plugins/pull` and of an upgrade: what the plugin is allowed. */
export const pluginPrivileges: Schema<PluginPrivilege[]> = (value, path) =>
  list(struct({ Name: string, Description: string, Value: strings }))(value, path).map(
    ({ Name, Description, Value }) => ({ Name: Name ?? "", Description: Description ?? "", Value: Value ?? [] }),
  );

/** Body of `POST /plugins/{name}/set`. */
export const pluginSettings: Schema<string[]> = strings;

const device = struct({ Name: string, Description: string, Settable: strings, Path: string });
const env = struct({ Name: string, Description: string, Settable: strings, Value: string });
const mount = struct({
  Name: string,
  Description: string,
  Settable: strings,
  Source: string,
  Destination: string,
  Type: string,
  Options: strings,
});
const file = struct({
  Description: string,
  Documentation: string,
  Interface: struct({ Types: strings, Socket: string, ProtocolScheme: string }),
  Entrypoint: strings,
  WorkDir: string,
  User: struct({ UID: integer, GID: integer }),
  Network: struct({ Type: string }),
  Linux: struct({ Capabilities: strings, AllowAllDevices: boolean, Devices: list(device) }),
  PropagatedMount: string,
  IpcHost: boolean,
  PidHost: boolean,
  Mounts: list(mount),
  Env: list(env),
  Args: struct({ Name: string, Description: string, Settable: strings, Value: strings }),
  rootfs: struct({ type: string, diff_ids: strings }),
});

const named = ({ Name, Description, Settable }: Infer<typeof device>) => ({
  Name: Name ?? "",
  Description: Description ?? "",
  Settable: Settable ?? null,
});

/** In the one folder that the plugin has for it: a way out of there would lead to somebody else's. */
function socketName(name: string, path: string): string {
  if (name.includes("/") || name === "..") throw invalid(`${path}: ${JSON.stringify(name)} is no name of a file`);
  return name;
}

/** Reads a plugin's `config.json`: what it leaves out is empty. Throws `invalid`, with the field's name. */
export const pluginConfig: Schema<PluginConfig> = (value, path) => {
  const said = file(value, path);
  const { Interface, User, Linux, Args, rootfs } = said;
  return {
    Description: said.Description ?? "",
    Documentation: said.Documentation ?? "",
    Interface: {
      Types: Interface?.Types ?? null,
      Socket: socketName(Interface?.Socket ?? "", `${path}.Interface.Socket`),
      ...(Interface?.ProtocolScheme && { ProtocolScheme: Interface.ProtocolScheme }),
    },
    Entrypoint: said.Entrypoint ?? null,
    WorkDir: said.WorkDir ?? "",
    User: { ...(User?.UID && { UID: User.UID }), ...(User?.GID && { GID: User.GID }) },
    Network: { Type: said.Network?.Type ?? "" },
    Linux: {
      Capabilities: Linux?.Capabilities ?? null,
      AllowAllDevices: Linux?.AllowAllDevices ?? false,
      Devices: Linux?.Devices?.map((each) => ({ ...named(each), Path: each.Path ?? null })) ?? null,
    },
    PropagatedMount: said.PropagatedMount ?? "",
    IpcHost: said.IpcHost ?? false,
    PidHost: said.PidHost ?? false,
    Mounts:
      said.Mounts?.map((each) => ({
        ...named(each),
        Source: each.Source ?? null,
        Destination: each.Destination ?? "",
        Type: each.Type ?? "",
        Options: each.Options ?? null,
      })) ?? null,
    Env: said.Env?.map((each) => ({ ...named(each), Value: each.Value ?? null })) ?? null,
    Args: { ...named(Args ?? {}), Value: Args?.Value ?? null },
    ...(rootfs && { rootfs: { type: rootfs.type ?? "", diff_ids: rootfs.diff_ids ?? [] } }),
  };
};
