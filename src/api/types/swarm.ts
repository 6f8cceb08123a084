import type { DeviceMapping, DeviceRequest, HealthConfig, Mount } from "./container.ts";
import type { IPAMConfig } from "./network.ts";
import type { PluginPrivilege } from "./plugin.ts";

/** `Limit` of the Engine API. */
export interface Limit {
  NanoCPUs?: number;
  MemoryBytes?: number;
  Pids?: number;
}

/** `ResourceObject` of the Engine API. */
export interface ResourceObject {
  NanoCPUs?: number;
  MemoryBytes?: number;
  GenericResources?: GenericResources;
}

/** `GenericResources` of the Engine API. */
export type GenericResources = {
  NamedResourceSpec?: {
    Kind?: string;
    Value?: string;
  };
  DiscreteResourceSpec?: {
    Kind?: string;
    Value?: number;
  };
}[];

/** `ServiceInfo` of the Engine API. */
export interface ServiceInfo {
  VIP?: string;
  Ports?: string[];
  LocalLBIndex?: number;
  Tasks?: NetworkTaskInfo[];
}

/** `NetworkTaskInfo` of the Engine API. */
export interface NetworkTaskInfo {
  Name?: string;
  EndpointID?: string;
  EndpointIP?: string;
  Info?: Record<string, string>;
}

/** `ObjectVersion` of the Engine API. */
export interface ObjectVersion {
  Index?: number;
}

/** `NodeSpec` of the Engine API. */
export interface NodeSpec {
  Name?: string;
  Labels?: Record<string, string>;
  Role?: "worker" | "manager";
  Availability?: "active" | "pause" | "drain";
}

/** `Node` of the Engine API. */
export interface Node {
  ID?: string;
  Version?: ObjectVersion;
  CreatedAt?: string;
  UpdatedAt?: string;
  Spec?: NodeSpec;
  Description?: NodeDescription;
  Status?: NodeStatus;
  ManagerStatus?: ManagerStatus;
}

/** `NodeDescription` of the Engine API. */
export interface NodeDescription {
  Hostname?: string;
  Platform?: Platform;
  Resources?: ResourceObject;
  Engine?: EngineDescription;
  TLSInfo?: TLSInfo;
}

/** `Platform` of the Engine API. */
export interface Platform {
  Architecture?: string;
  OS?: string;
}

/** `EngineDescription` of the Engine API. */
export interface EngineDescription {
  EngineVersion?: string;
  Labels?: Record<string, string>;
  Plugins?: {
    Type?: string;
    Name?: string;
  }[];
}

/** `TLSInfo` of the Engine API. */
export interface TLSInfo {
  TrustRoot?: string;
  CertIssuerSubject?: string;
  CertIssuerPublicKey?: string;
}

/** `NodeStatus` of the Engine API. */
export interface NodeStatus {
  State?: NodeState;
  Message?: string;
  Addr?: string;
}

/** `NodeState` of the Engine API. */
export type NodeState = "unknown" | "down" | "ready" | "disconnected";

/** `ManagerStatus` of the Engine API. */
export type ManagerStatus = {
  Leader?: boolean;
  Reachability?: Reachability;
  Addr?: string;
} | null;

/** `Reachability` of the Engine API. */
export type Reachability = "unknown" | "unreachable" | "reachable";

/** `SwarmSpec` of the Engine API. */
export interface SwarmSpec {
  Name?: string;
  Labels?: Record<string, string>;
  Orchestration?: {
    TaskHistoryRetentionLimit?: number;
  } | null;
  Raft?: {
    SnapshotInterval?: number;
    KeepOldSnapshots?: number;
    LogEntriesForSlowFollowers?: number;
    ElectionTick?: number;
    HeartbeatTick?: number;
  };
  Dispatcher?: {
    HeartbeatPeriod?: number;
  } | null;
  CAConfig?: {
    NodeCertExpiry?: number;
    ExternalCAs?: {
      Protocol?: "cfssl";
      URL?: string;
      Options?: Record<string, string>;
      CACert?: string;
    }[];
    SigningCACert?: string;
    SigningCAKey?: string;
    ForceRotate?: number;
  } | null;
  EncryptionConfig?: {
    AutoLockManagers?: boolean;
  };
  TaskDefaults?: {
    LogDriver?: {
      Name?: string;
      Options?: Record<string, string>;
    };
  };
}

/** `ClusterInfo` of the Engine API. */
export type ClusterInfo = {
  ID?: string;
  Version?: ObjectVersion;
  CreatedAt?: string;
  UpdatedAt?: string;
  Spec?: SwarmSpec;
  TLSInfo?: TLSInfo;
  RootRotationInProgress?: boolean;
  DataPathPort?: number;
  DefaultAddrPool?: string[] | null;
  SubnetSize?: number;
} | null;

/** `JoinTokens` of the Engine API. */
export interface JoinTokens {
  Worker?: string;
  Manager?: string;
}

/** `Swarm` of the Engine API. */
export type Swarm = ClusterInfo & {
  JoinTokens?: JoinTokens;
};

/** `TaskSpec` of the Engine API. */
export interface TaskSpec {
  PluginSpec?: {
    Name?: string;
    Remote?: string;
    Disabled?: boolean;
    PluginPrivilege?: PluginPrivilege[];
  };
  ContainerSpec?: {
    Image?: string;
    Labels?: Record<string, string>;
    Command?: string[];
    Args?: string[];
    Hostname?: string;
    Env?: string[];
    Dir?: string;
    User?: string;
    Groups?: string[];
    Privileges?: {
      CredentialSpec?: {
        Config?: string;
        File?: string;
        Registry?: string;
      } | null;
      SELinuxContext?: {
        Disable?: boolean;
        User?: string;
        Role?: string;
        Type?: string;
        Level?: string;
      } | null;
      Seccomp?: {
        Mode?: "default" | "unconfined" | "custom";
        Profile?: string;
      };
      AppArmor?: {
        Mode?: "default" | "disabled";
      };
      NoNewPrivileges?: boolean;
    };
    TTY?: boolean;
    OpenStdin?: boolean;
    ReadOnly?: boolean;
    Mounts?: Mount[];
    StopSignal?: string;
    StopGracePeriod?: number;
    Healthcheck?: HealthConfig;
    Hosts?: string[];
    DNSConfig?: {
      Nameservers?: string[];
      Search?: string[];
      Options?: string[];
    };
    Secrets?: {
      File?: {
        Name?: string;
        UID?: string;
        GID?: string;
        Mode?: number;
      };
      SecretID?: string;
      SecretName?: string;
    }[];
    OomScoreAdj?: number;
    Configs?: {
      File?: {
        Name?: string;
        UID?: string;
        GID?: string;
        Mode?: number;
      };
      Runtime?: Record<string, unknown>;
      ConfigID?: string;
      ConfigName?: string;
    }[];
    Isolation?: "default" | "process" | "hyperv";
    Init?: boolean | null;
    Sysctls?: Record<string, string>;
    CapabilityAdd?: string[];
    CapabilityDrop?: string[];
    Ulimits?: {
      Name?: string;
      Soft?: number;
      Hard?: number;
    }[];
    /** Not of Docker's API, as the two that follow. */
    Devices?: DeviceMapping[];
    DeviceRequests?: DeviceRequest[];
    Privileged?: boolean;
  };
  NetworkAttachmentSpec?: {
    ContainerID?: string;
  };
  Resources?: {
    Limits?: Limit;
    Reservations?: ResourceObject;
    SwapBytes?: number | null;
    MemorySwappiness?: number | null;
  };
  RestartPolicy?: {
    Condition?: "none" | "on-failure" | "any";
    Delay?: number;
    MaxAttempts?: number;
    Window?: number;
  };
  Placement?: {
    Constraints?: string[];
    Preferences?: {
      Spread?: {
        SpreadDescriptor?: string;
      };
    }[];
    MaxReplicas?: number;
    Platforms?: Platform[];
  };
  ForceUpdate?: number;
  Runtime?: string;
  Networks?: NetworkAttachmentConfig[];
  LogDriver?: {
    Name?: string;
    Options?: Record<string, string>;
  };
}

/** `TaskState` of the Engine API. */
export type TaskState =
  | "new"
  | "allocated"
  | "pending"
  | "assigned"
  | "accepted"
  | "preparing"
  | "ready"
  | "starting"
  | "running"
  | "complete"
  | "shutdown"
  | "failed"
  | "rejected"
  | "remove"
  | "orphaned";

/** `TaskStatus` of the Engine API. */
export interface TaskStatus {
  Timestamp?: string;
  State?: TaskState;
  Message?: string;
  Err?: string;
  ContainerStatus?: ContainerStatus;
  PortStatus?: PortStatus;
}

/** A network of the cluster as tasks show it: other than `GET /networks` does. */
export interface AttachedNetwork {
  ID: string;
  Version?: ObjectVersion;
  CreatedAt?: string;
  UpdatedAt?: string;
  Spec: {
    Name: string;
    Labels?: Record<string, string>;
    DriverConfiguration?: Partial<Driver>;
    IPv6Enabled?: boolean;
    Internal?: boolean;
    Attachable?: boolean;
    Ingress?: boolean;
    IPAMOptions?: AttachedIpam;
    Scope?: string;
  };
  DriverState?: Partial<Driver>;
  IPAMOptions?: AttachedIpam;
}

/** Addresses of an {@link AttachedNetwork}. */
export interface AttachedIpam {
  Driver?: Partial<Driver>;
  Configs?: IPAMConfig[];
}

/** `NetworkAttachment` of the Engine API. */
export interface NetworkAttachment {
  Network?: AttachedNetwork;
  Addresses?: string[];
}

/** `Task` of the Engine API. */
export interface Task {
  ID?: string;
  Version?: ObjectVersion;
  CreatedAt?: string;
  UpdatedAt?: string;
  Name?: string;
  Labels?: Record<string, string>;
  Spec?: TaskSpec;
  ServiceID?: string;
  Slot?: number;
  NodeID?: string;
  GenericResources?: GenericResources;
  Status?: TaskStatus;
  DesiredState?: TaskState;
  JobIteration?: ObjectVersion;
  NetworksAttachments?: NetworkAttachment[];
  /** Of a cluster's storage, which there is none of. */
  Volumes?: null;
}

/** `ServiceSpec` of the Engine API. */
export interface ServiceSpec {
  Name?: string;
  Labels?: Record<string, string>;
  TaskTemplate?: TaskSpec;
  Mode?: {
    Replicated?: {
      Replicas?: number;
    };
    Global?: Record<string, unknown>;
    ReplicatedJob?: {
      MaxConcurrent?: number;
      TotalCompletions?: number;
    };
    GlobalJob?: Record<string, unknown>;
  };
  UpdateConfig?: {
    Parallelism?: number;
    Delay?: number;
    FailureAction?: "continue" | "pause" | "rollback";
    Monitor?: number;
    MaxFailureRatio?: number;
    Order?: "stop-first" | "start-first";
  };
  RollbackConfig?: {
    Parallelism?: number;
    Delay?: number;
    FailureAction?: "continue" | "pause";
    Monitor?: number;
    MaxFailureRatio?: number;
    Order?: "stop-first" | "start-first";
  };
  Networks?: NetworkAttachmentConfig[];
  EndpointSpec?: EndpointSpec;
}

/** `ContainerStatus` of the Engine API. */
export interface ContainerStatus {
  ContainerID?: string;
  PID?: number;
  ExitCode?: number;
}

/** `PortStatus` of the Engine API. */
export interface PortStatus {
  Ports?: EndpointPortConfig[];
}

/** `EndpointPortConfig` of the Engine API. */
export interface EndpointPortConfig {
  Name?: string;
  Protocol?: "tcp" | "udp" | "sctp";
  TargetPort?: number;
  PublishedPort?: number;
  PublishMode?: "ingress" | "host";
}

/** `EndpointSpec` of the Engine API. */
export interface EndpointSpec {
  Mode?: "vip" | "dnsrr";
  Ports?: EndpointPortConfig[];
}

/** `Service` of the Engine API. */
export interface Service {
  ID?: string;
  Version?: ObjectVersion;
  CreatedAt?: string;
  UpdatedAt?: string;
  Spec?: ServiceSpec;
  PreviousSpec?: ServiceSpec;
  Endpoint?: {
    Spec?: EndpointSpec;
    Ports?: EndpointPortConfig[];
    VirtualIPs?: {
      NetworkID?: string;
      Addr?: string;
    }[];
  };
  UpdateStatus?: {
    State?: "updating" | "paused" | "completed" | "rollback_started" | "rollback_paused" | "rollback_completed";
    StartedAt?: string;
    CompletedAt?: string;
    Message?: string;
  };
  ServiceStatus?: {
    RunningTasks?: number;
    DesiredTasks?: number;
    CompletedTasks?: number;
  };
  JobStatus?: {
    JobIteration?: ObjectVersion;
    LastExecution?: string;
  };
}

/** `ServiceCreateResponse` of the Engine API. */
export interface ServiceCreateResponse {
  ID?: string;
  Warnings?: string[] | null;
}

/** `ServiceUpdateResponse` of the Engine API. */
export interface ServiceUpdateResponse {
  Warnings?: string[];
}

/** `Driver` of the Engine API. */
export interface Driver {
  Name: string;
  Options?: Record<string, string>;
}

/** `SecretSpec` of the Engine API. */
export interface SecretSpec {
  Name?: string;
  Labels?: Record<string, string>;
  Data?: string;
  Driver?: Driver;
  Templating?: Driver;
}

/** `Secret` of the Engine API. */
export interface Secret {
  ID?: string;
  Version?: ObjectVersion;
  CreatedAt?: string;
  UpdatedAt?: string;
  Spec?: SecretSpec;
}

/** `ConfigSpec` of the Engine API. */
export interface ConfigSpec {
  Name?: string;
  Labels?: Record<string, string>;
  Data?: string;
  Templating?: Driver;
}

/** `Config` of the Engine API. */
export interface Config {
  ID?: string;
  Version?: ObjectVersion;
  CreatedAt?: string;
  UpdatedAt?: string;
  Spec?: ConfigSpec;
}

/** `SwarmInfo` of the Engine API. */
export interface SwarmInfo {
  NodeID?: string;
  NodeAddr?: string;
  LocalNodeState?: LocalNodeState;
  ControlAvailable?: boolean;
  Error?: string;
  RemoteManagers?: PeerNode[] | null;
  Nodes?: number | null;
  Managers?: number | null;
  Cluster?: ClusterInfo;
}

/** `LocalNodeState` of the Engine API. */
export type LocalNodeState = "" | "inactive" | "pending" | "active" | "error" | "locked";

/** `PeerNode` of the Engine API. */
export interface PeerNode {
  NodeID?: string;
  Addr?: string;
}

/** `NetworkAttachmentConfig` of the Engine API. */
export interface NetworkAttachmentConfig {
  Target?: string;
  Aliases?: string[];
  DriverOpts?: Record<string, string>;
}

/** `ClusterVolume` of the Engine API. */
export interface ClusterVolume {
  ID?: string;
  Version?: ObjectVersion;
  CreatedAt?: string;
  UpdatedAt?: string;
  Spec?: ClusterVolumeSpec;
  Info?: {
    CapacityBytes?: number;
    VolumeDeps?: Record<string, string>;
    VolumeID?: string;
    AccessibleTopology?: Topology[];
  };
  PublishStatus?: {
    NodeID?: string;
    State?: "pending-publish" | "published" | "pending-node-unpublish" | "pending-controller-unpublish";
    PublishContext?: Record<string, string>;
  }[];
}

/** `ClusterVolumeSpec` of the Engine API. */
export interface ClusterVolumeSpec {
  Group?: string;
  AccessMode?: {
    Scope?: "single" | "multi";
    Sharing?: "none" | "readonly" | "onewriter" | "all";
    MountVolume?: Record<string, unknown>;
    Secrets?: {
      Key?: string;
      Secret?: string;
    }[];
    AccessibilityRequirements?: {
      Requisite?: Topology[];
      Preferred?: Topology[];
    };
    CapacityRange?: {
      RequiredBytes?: number;
      LimitBytes?: number;
    };
    Availability?: "active" | "pause" | "drain";
    BlockVolume?: Record<string, unknown>;
  };
  // On the wire these stand here; the specification's text puts them inside AccessMode.
  AccessibilityRequirements?: { Requisite?: Topology[]; Preferred?: Topology[] };
  CapacityRange?: { RequiredBytes?: number; LimitBytes?: number };
  Secrets?: { Key?: string; Secret?: string }[];
  Availability?: "active" | "pause" | "drain";
}

/** `Topology` of the Engine API. */
export interface Topology {
  Segments?: Record<string, string>;
}
