/** The Go struct types of `network inspect` at Engine API 1.50, in the notation of template/shape.ts. */
export default `
Inspect network.Inspect
  Name string
  ID string Id
  Created time
  Scope string
  Driver string
  EnableIPv4 bool
  EnableIPv6 bool
  IPAM IPAM
  Internal bool
  Attachable bool
  Ingress bool
  ConfigFrom ConfigReference
  ConfigOnly bool
  Containers map[string]EndpointResource
  Options map[string]string
  Labels map[string]string
  Peers []PeerInfo
  Services map[string]ServiceInfo
IPAM network.IPAM
  Driver string
  Options map[string]string
  Config []IPAMConfig
IPAMConfig network.IPAMConfig
  Subnet string
  IPRange string
  Gateway string
  AuxAddress map[string]string AuxiliaryAddresses
ConfigReference network.ConfigReference
  Network string
EndpointResource network.EndpointResource
  Name string
  EndpointID string
  MacAddress string
  IPv4Address string
  IPv6Address string
PeerInfo network.PeerInfo
  Name string
  IP string
ServiceInfo network.ServiceInfo
  VIP string
  Ports []string
  LocalLBIndex int
  Tasks []Task
Task network.Task
  Name string
  EndpointID string
  EndpointIP string
  Info map[string]string
`;
