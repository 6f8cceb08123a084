/** `Plugin` of the Engine API. */
export interface Plugin {
  Id: string;
  Name: string;
  Enabled: boolean;
  Settings: PluginSettings;
  /** Where it came from. */
  PluginReference?: string;
  Config: PluginConfig;
}

/** What a user has chosen, of what the plugin's `Config` lets them. */
export interface PluginSettings {
  Mounts: PluginMount[];
  /** As `NAME=value`. */
  Env: string[];
  Args: string[];
  Devices: PluginDevice[];
}

/** `PluginConfig` of the Engine API, which is also the `config.json` of a plugin. */
export interface PluginConfig {
  Description: string;
  Documentation: string;
  Interface: {
    /** `docker.volumedriver/1.0`, … */
    Types: string[] | null;
    Socket: string;
    /** Empty, or `moby.plugins.http/v1`. */
    ProtocolScheme?: string;
  };
  Entrypoint: string[] | null;
  WorkDir: string;
  User: { UID?: number; GID?: number };
  Network: { Type: string };
  Linux: {
    Capabilities: string[] | null;
    AllowAllDevices: boolean;
    Devices: PluginDevice[] | null;
  };
  PropagatedMount: string;
  IpcHost: boolean;
  PidHost: boolean;
  Mounts: PluginMount[] | null;
  Env: PluginEnv[] | null;
  Args: {
    Name: string;
    Description: string;
    Settable: string[] | null;
    Value: string[] | null;
  };
  rootfs?: { type: string; diff_ids: string[] };
}

/** `PluginDevice` of the Engine API. `Path`: null until somebody sets it, as with the other two. */
export interface PluginDevice {
  Name: string;
  Description: string;
  Settable: string[] | null;
  Path: string | null;
}

/** `PluginEnv` of the Engine API. */
export interface PluginEnv {
  Name: string;
  Description: string;
  Settable: string[] | null;
  Value: string | null;
}

/** `PluginMount` of the Engine API. */
export interface PluginMount {
  Name: string;
  Description: string;
  Settable: string[] | null;
  Source: string | null;
  Destination: string;
  Type: string;
  Options: string[] | null;
}

/** `PluginPrivilege` of the Engine API. */
export interface PluginPrivilege {
  Name: string;
  Description: string;
  Value: string[];
}
