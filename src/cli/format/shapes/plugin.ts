/** The Go struct types of `plugin inspect` at Engine API 1.50, in the notation of template/shape.ts. */
export default `
Plugin types.Plugin
  Config PluginConfig
  Enabled bool
  ID string Id
  Name string
  PluginReference string
  Settings PluginSettings
PluginConfig types.PluginConfig
  Args PluginConfigArgs
  Description string
  DockerVersion string
  Documentation string
  Entrypoint []string
  Env []PluginEnv
  Interface PluginConfigInterface
  IpcHost bool
  Linux PluginConfigLinux
  Mounts []PluginMount
  Network PluginConfigNetwork
  PidHost bool
  PropagatedMount string
  User PluginConfigUser
  WorkDir string
  Rootfs *PluginConfigRootfs rootfs
PluginConfigArgs types.PluginConfigArgs
  Description string
  Name string
  Settable []string
  Value []string
PluginEnv types.PluginEnv
  Description string
  Name string
  Settable []string
  Value *string
PluginConfigInterface types.PluginConfigInterface
  ProtocolScheme string
  Socket string
  Types []PluginInterfaceType
PluginInterfaceType types.PluginInterfaceType
  Capability string
  Prefix string
  Version string
PluginConfigLinux types.PluginConfigLinux
  AllowAllDevices bool
  Capabilities []string
  Devices []PluginDevice
PluginDevice types.PluginDevice
  Description string
  Name string
  Path *string
  Settable []string
PluginMount types.PluginMount
  Description string
  Destination string
  Name string
  Options []string
  Settable []string
  Source *string
  Type string
PluginConfigNetwork types.PluginConfigNetwork
  Type string
PluginConfigUser types.PluginConfigUser
  GID int
  UID int
PluginConfigRootfs types.PluginConfigRootfs
  DiffIds []string diff_ids
  Type string type
PluginSettings types.PluginSettings
  Args []string
  Devices []PluginDevice
  Env []string
  Mounts []PluginMount
`;
