/** The Go struct types of `image inspect` at Engine API 1.50, in the notation of template/shape.ts. */
export default `
InspectResponse image.InspectResponse
  ID string Id
  RepoTags []string
  RepoDigests []string
  Parent string
  Comment string
  Created string
  Container string
  ContainerConfig *Config
  DockerVersion string
  Author string
  Config *DockerOCIImageConfig
  Architecture string
  Variant string
  Os string
  OsVersion string
  Size int
  VirtualSize int
  GraphDriver DriverData
  RootFS RootFS
  Metadata Metadata
  Descriptor *Descriptor
  Manifests []ManifestSummary
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
DockerOCIImageConfig v1.DockerOCIImageConfig
  User string
  ExposedPorts map[string]Empty
  Env []string
  Entrypoint []string
  Cmd []string
  Volumes map[string]Empty
  WorkingDir string
  Labels map[string]string
  StopSignal string
  ArgsEscaped bool
  Healthcheck *HealthcheckConfig
  OnBuild []string
  Shell []string
DriverData storage.DriverData
  Data map[string]string
  Name string
RootFS image.RootFS
  Type string
  Layers []string
Metadata image.Metadata
  LastTagTime time
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
ManifestSummary image.ManifestSummary
  ID string
  Descriptor Descriptor
  Available bool
  Size SizeBoth
  Kind string
  ImageData *ImageProperties
  AttestationData *AttestationProperties
SizeBoth image.SizeBoth
  Content int
  Total int
ImageProperties image.ImageProperties
  Platform Platform
  Size SizeUnpacked
  Containers []string
SizeUnpacked image.SizeUnpacked
  Unpacked int
AttestationProperties image.AttestationProperties
  For string
`;
