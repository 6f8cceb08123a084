import common from "./swarm-common.ts";

/** The Go struct types of `node inspect` at Engine API 1.51, in the notation of template/shape.ts. */
export default `
Node swarm.Node
${common}
NodeSpec swarm.NodeSpec
  Name string
  Labels map[string]string
  Role string
  Availability string
Platform swarm.Platform
  Architecture string
  OS string
Named swarm.NamedGenericResource
  Kind string
  Value string
Discrete swarm.DiscreteGenericResource
  Kind string
  Value int
Generic swarm.GenericResource
  NamedResourceSpec *Named
  DiscreteResourceSpec *Discrete
Resources swarm.Resources
  NanoCPUs int
  MemoryBytes int
  GenericResources []Generic
Plugin swarm.PluginDescription
  Type string
  Name string
Engine swarm.EngineDescription
  EngineVersion string
  Labels map[string]string
  Plugins []Plugin
TLSInfo swarm.TLSInfo
  TrustRoot string
  CertIssuerSubject string
  CertIssuerPublicKey string
Topology swarm.Topology
  Segments map[string]string
CSIInfo swarm.NodeCSIInfo
  PluginName string
  NodeID string
  MaxVolumesPerNode int
  AccessibleTopology *Topology
Description swarm.NodeDescription
  Hostname string
  Platform Platform
  Resources Resources
  Engine Engine
  TLSInfo TLSInfo
  CSIInfo []CSIInfo
Status swarm.NodeStatus
  State string
  Message string
  Addr string
ManagerStatus swarm.ManagerStatus
  Leader bool
  Reachability string
  Addr string
Node swarm.Node
  ID string
  +Meta
  Spec NodeSpec
  Description Description
  Status Status
  ManagerStatus *ManagerStatus
`;
