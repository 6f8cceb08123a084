/** `Plugin` of the Engine API. */
export interface Plugin {
  Id?: string;
  Name: string;
  Enabled: boolean;
  Settings: {
    Mounts: PluginMount[];
    Env: string[];
    Args: string[];
    Devices: PluginDevice[];
  };
  PluginReference?: string;
  Config: {
    Description: string;
    Documentation: string;
    Interface: {
      Types: string[];
      Socket: string;
      ProtocolScheme?: "" | "moby.plugins.http/v1";
    };
    Entrypoint: string[];
    WorkDir: string;
    User?: {
      UID?: number;
      GID?: number;
    };
    Network: {
      Type: string;
    };
    Linux: {
      Capabilities: string[];
      AllowAllDevices: boolean;
      Devices: PluginDevice[];
    };
    PropagatedMount: string;
    IpcHost: boolean;
    PidHost: boolean;
    Mounts: PluginMount[];
    Env: PluginEnv[];
    Args: {
      Name: string;
      Description: string;
      Settable: string[];
      Value: string[];
    };
    rootfs?: {
      type?: string;
      diff_ids?: string[];
    };
  };
}

/** `PluginDevice` of the Engine API. */
export interface PluginDevice {
  Name: string;
  Description: string;
  Settable: string[];
  Path: string;
}

/** `PluginEnv` of the Engine API. */
export interface PluginEnv {
  Name: string;
  Description: string;
  Settable: string[];
  Value: string;
}

/** `PluginMount` of the Engine API. */
export interface PluginMount {
  Name: string;
  Description: string;
  Settable: string[];
  Source: string;
  Destination: string;
  Type: string;
  Options: string[];
}

/** `PluginPrivilege` of the Engine API. */
export interface PluginPrivilege {
  Name?: string;
  Description?: string;
  Value?: string[];
}
