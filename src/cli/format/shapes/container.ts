/** The Go struct types of `container inspect` at Engine API 1.50, in the notation of template/shape.ts. */
export default `
InspectResponse container.InspectResponse
  ID string Id
  Created string
  Path string
  Args []string
  State *State
  Image string
  ResolvConfPath string
  HostnamePath string
  HostsPath string
  LogPath string
  Name string
  RestartCount int
  Driver string
  Platform string
  MountLabel string
  ProcessLabel string
  AppArmorProfile string
  ExecIDs []string
  HostConfig *HostConfig
  GraphDriver DriverData
  SizeRw *int
  SizeRootFs *int
  Mounts []MountPoint
  Config *Config
  NetworkSettings *NetworkSettings
  ImageManifestDescriptor *Descriptor
State container.State
  Status string
  Running bool
  Paused bool
  Restarting bool
  OOMKilled bool
  Dead bool
  Pid int
  ExitCode int
  Error string
  StartedAt string
  FinishedAt string
  Health *Health
Health container.Health
  Status string
  FailingStreak int
  Log []*HealthcheckResult
HealthcheckResult container.HealthcheckResult
  Start time
  End time
  ExitCode int
  Output string
HostConfig container.HostConfig
  Binds []string
  ContainerIDFile string
  LogConfig LogConfig
  NetworkMode string
  PortBindings map[string][]PortBinding
  RestartPolicy RestartPolicy
  AutoRemove bool
  VolumeDriver string
  VolumesFrom []string
  ConsoleSize []int
  Annotations map[string]string
  CapAdd []string
  CapDrop []string
  CgroupnsMode string
  DNS []string Dns
  DNSOptions []string DnsOptions
  DNSSearch []string DnsSearch
  ExtraHosts []string
  GroupAdd []string
  IpcMode string
  Cgroup string
  Links []string
  OomScoreAdj int
  PidMode string
  Privileged bool
  PublishAllPorts bool
  ReadonlyRootfs bool
  SecurityOpt []string
  StorageOpt map[string]string
  Tmpfs map[string]string
  UTSMode string
  UsernsMode string
  ShmSize int
  Sysctls map[string]string
  Runtime string
  Isolation string
  CPUShares int CpuShares
  Memory int
  NanoCPUs int NanoCpus
  CgroupParent string
  BlkioWeight int
  BlkioWeightDevice []*WeightDevice
  BlkioDeviceReadBps []*ThrottleDevice
  BlkioDeviceWriteBps []*ThrottleDevice
  BlkioDeviceReadIOps []*ThrottleDevice
  BlkioDeviceWriteIOps []*ThrottleDevice
  CPUPeriod int CpuPeriod
  CPUQuota int CpuQuota
  CPURealtimePeriod int CpuRealtimePeriod
  CPURealtimeRuntime int CpuRealtimeRuntime
  CpusetCpus string
  CpusetMems string
  Devices []DeviceMapping
  DeviceCgroupRules []string
  DeviceRequests []DeviceRequest
  KernelMemory int
  KernelMemoryTCP int
  MemoryReservation int
  MemorySwap int
  MemorySwappiness *int
  OomKillDisable *bool
  PidsLimit *int
  Ulimits []*Ulimit
  CPUCount int CpuCount
  CPUPercent int CpuPercent
  IOMaximumIOps int
  IOMaximumBandwidth int
  Mounts []Mount
  MaskedPaths []string
  ReadonlyPaths []string
  Init *bool
LogConfig container.LogConfig
  Type string
  Config map[string]string
PortBinding nat.PortBinding
  HostIP string HostIp
  HostPort string
RestartPolicy container.RestartPolicy
  Name string
  MaximumRetryCount int
WeightDevice blkiodev.WeightDevice
  Path string
  Weight int
ThrottleDevice blkiodev.ThrottleDevice
  Path string
  Rate int
DeviceMapping container.DeviceMapping
  PathOnHost string
  PathInContainer string
  CgroupPermissions string
DeviceRequest container.DeviceRequest
  Driver string
  Count int
  DeviceIDs []string
  Capabilities [][]string
  Options map[string]string
Ulimit units.Ulimit
  Name string
  Hard int
  Soft int
Mount mount.Mount
  Type string
  Source string
  Target string
  ReadOnly bool
  Consistency string
  BindOptions *BindOptions
  VolumeOptions *VolumeOptions
  ImageOptions *ImageOptions
  TmpfsOptions *TmpfsOptions
  ClusterOptions *ClusterOptions
BindOptions mount.BindOptions
  Propagation string
  NonRecursive bool
  CreateMountpoint bool
  ReadOnlyNonRecursive bool
  ReadOnlyForceRecursive bool
VolumeOptions mount.VolumeOptions
  NoCopy bool
  Labels map[string]string
  Subpath string
  DriverConfig *Driver
Driver mount.Driver
  Name string
  Options map[string]string
ImageOptions mount.ImageOptions
  Subpath string
TmpfsOptions mount.TmpfsOptions
  SizeBytes int
  Mode int
  Options [][]string
ClusterOptions mount.ClusterOptions
DriverData storage.DriverData
  Data map[string]string
  Name string
MountPoint container.MountPoint
  Type string
  Name string
  Source string
  Destination string
  Driver string
  Mode string
  RW bool
  Propagation string
Config container.Config
  Hostname string
  Domainname string
  User string
  AttachStdin bool
  AttachStdout bool
  AttachStderr bool
  ExposedPorts map[string]Empty
  Tty bool
  OpenStdin bool
  StdinOnce bool
  Env []string
  Cmd []string
  Healthcheck *HealthcheckConfig
  ArgsEscaped bool
  Image string
  Volumes map[string]Empty
  WorkingDir string
  Entrypoint []string
  NetworkDisabled bool
  MacAddress string
  OnBuild []string
  Labels map[string]string
  StopSignal string
  StopTimeout *int
  Shell []string
HealthcheckConfig v1.HealthcheckConfig
  Test []string
  Interval duration
  Timeout duration
  StartPeriod duration
  StartInterval duration
  Retries int
NetworkSettings container.NetworkSettings
  Bridge string
  SandboxID string
  SandboxKey string
  Ports map[string][]PortBinding
  HairpinMode bool
  LinkLocalIPv6Address string
  LinkLocalIPv6PrefixLen int
  SecondaryIPAddresses []Address
  SecondaryIPv6Addresses []Address
  EndpointID string
  Gateway string
  GlobalIPv6Address string
  GlobalIPv6PrefixLen int
  IPAddress string
  IPPrefixLen int
  IPv6Gateway string
  MacAddress string
  Networks map[string]*EndpointSettings
Address network.Address
  Addr string
  PrefixLen int
EndpointSettings network.EndpointSettings
  IPAMConfig *EndpointIPAMConfig
  Links []string
  Aliases []string
  MacAddress string
  DriverOpts map[string]string
  GwPriority int
  NetworkID string
  EndpointID string
  Gateway string
  IPAddress string
  IPPrefixLen int
  IPv6Gateway string
  GlobalIPv6Address string
  GlobalIPv6PrefixLen int
  DNSNames []string
EndpointIPAMConfig network.EndpointIPAMConfig
  IPv4Address string
  IPv6Address string
  LinkLocalIPs []string
Descriptor v1.Descriptor
  MediaType string mediaType
  Digest string digest
  Size int size
  URLs []string urls
  Annotations map[string]string annotations
  Data string data
  Platform *Platform platform
  ArtifactType string artifactType
Platform v1.Platform
  Architecture string architecture
  OS string os
  OSVersion string os.version
  OSFeatures []string os.features
  Variant string variant
`;
