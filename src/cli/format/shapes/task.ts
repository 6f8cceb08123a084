import service from "./service.ts";

/** The Go struct types of `inspect --type task` at Engine API 1.51, in the notation of template/shape.ts. */
export default `
Task swarm.Task
${service}
ContainerStatus swarm.ContainerStatus
  ContainerID string
  PID int
  ExitCode int
PortStatus swarm.PortStatus
  Ports []Port
Status swarm.TaskStatus
  Timestamp time
  State string
  Message string
  Err string
  ContainerStatus *ContainerStatus
  PortStatus PortStatus
NetworkAttachment swarm.NetworkAttachment
  Network any
  Addresses []string
Task swarm.Task
  ID string
  +Meta
  +Annotations
  Spec TaskSpec
  ServiceID string
  Slot int
  NodeID string
  Status Status
  DesiredState string
  NetworksAttachments []NetworkAttachment
  GenericResources []Generic
  JobIteration *Version
  Volumes any
`;
