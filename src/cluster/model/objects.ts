/**
 * What a cluster consists of, as its store keeps it: Docker's shapes, with what an object always has made sure of.
 *
 * What is **wanted** (`cluster`, `node`, `service`, `task`, `network`, `secret`, `config`) is written by the verbs that
 * clients call and by the leader. What was **observed** (`node-report`, `task-report`, `rollout`) is kept apart, each
 * with one writer, under the id of what it is about; so a report never makes a client's version of the wish stale.
 */

import type { IPAM } from "../../api/types/network.ts";
import type {
  ConfigSpec,
  EndpointPortConfig,
  EndpointSpec,
  GenericResources,
  JoinTokens,
  NodeDescription,
  NodeSpec,
  NodeStatus,
  ObjectVersion,
  SecretSpec,
  Service,
  ServiceSpec,
  SwarmSpec,
  TaskSpec,
  TaskState,
  TaskStatus,
  TLSInfo,
} from "../../api/types/swarm.ts";

/** What every object has. */
export interface Stored {
  /** 25 of `[0-9a-z]` ({@link newClusterId}), but for what is about another object: that one's id. */
  ID: string;
  /** Set by the store: grows with every write of the object, one counter for the whole cluster. */
  Version: { Index: number };
  /** RFC 3339, set by the store. */
  CreatedAt: string;
  /** RFC 3339, set by the store. */
  UpdatedAt: string;
}

/** The one object of its kind: what `GET /swarm` tells, without secrets. */
export interface ClusterObject extends Stored {
  Spec: SwarmSpec & { Name: string };
  /** `TrustRoot` is the PEM of the root certificates that are trusted: two while the root is being rotated. */
  TLSInfo: Required<TLSInfo>;
  RootRotationInProgress: boolean;
  /** CIDRs; empty: 10.0.0.0/8. */
  DefaultAddrPool: string[];
  SubnetSize: number;
  DataPathPort: number;
}

/** The one object of its kind, under the cluster's id: what only managers may see. */
export interface ClusterKeys extends Stored {
  /** PEM of the root certificate that signs. */
  RootCert: string;
  /** PEM (PKCS 8). Empty where an authority outside of the cluster signs. */
  RootKey: string;
  /** PEM of the root for managers among each other, and of its key: nodes have nothing of it. */
  PeerRootCert: string;
  PeerRootKey: string;
  JoinTokens: Required<JoinTokens>;
  /** `SWMKEY-1-…`; empty: managers are not locked. */
  UnlockKey: string;
}

/** A node as it is wanted. It is made when a machine joins. */
export interface NodeObject extends Stored {
  Spec: NodeSpec & Required<Pick<NodeSpec, "Role" | "Availability">> & { Labels: Record<string, string> };
  /** The node's address on the ingress network, a CIDR; empty: there is none yet. Given by {@link Allocation}. */
  IngressAddr: string;
}

/** What a node says of itself and what managers see of it; written by the manager that it is connected to. */
export interface NodeReport extends Stored {
  Description: NodeDescription;
  Status: NodeStatus & Required<Pick<NodeStatus, "State">>;
  /** Where the data of overlay networks goes to. */
  DataPathAddr: string;
  /** `host:port` of its API for nodes and of its etcd member; empty on workers. */
  ManagerAddr: string;
}

/** A service as it is wanted. */
export interface ServiceObject extends Stored {
  Spec: ServiceSpec & { Name: string; TaskTemplate: TaskSpec; Labels: Record<string, string> };
  PreviousSpec?: ServiceObject["Spec"];
  /** Counts the changes of how tasks are to be, from 1; a task of another `SpecVersion` is out of date. */
  SpecVersion: number;
  /** Absent: neither ports nor networks. Addresses and ports are given in the write that asks for them. */
  Endpoint?: { Spec: EndpointSpec; Ports: EndpointPortConfig[]; VirtualIPs: { NetworkID: string; Addr: string }[] };
  /** Jobs: which run this is. */
  JobStatus?: Service["JobStatus"];
}

/** How the replacement of a service's tasks goes; under the service's id, written by the leader. */
export interface Rollout extends Stored {
  UpdateStatus: {
    State: "updating" | "paused" | "completed" | "rollback_started" | "rollback_paused" | "rollback_completed";
    StartedAt: string;
    CompletedAt?: string;
    Message: string;
  } | null;
  /** The {@link ServiceObject.SpecVersion} that it is about. */
  SpecVersion: number;
}

/** One container to be run somewhere. Written by the leader alone; its node answers by a {@link TaskReport}. */
export interface TaskObject extends Stored {
  Spec: TaskSpec;
  /** Which of the service's versions it is made from. */
  SpecVersion: number;
  /** Empty: the attachment of a container that was started by hand (`Spec.NetworkAttachmentSpec`). */
  ServiceID: string;
  ServiceName: string;
  ServiceLabels: Record<string, string>;
  /** 1, 2, …; jobs: 0, 1, …; -1: a global service's. */
  Slot: number;
  /** Empty: not placed yet. */
  NodeID: string;
  /** Until the node says something: `new`, `pending` (with `Err`), `assigned`, or what became of a dead node's. */
  Status: TaskStatus & Required<Pick<TaskStatus, "State" | "Timestamp" | "Message">>;
  DesiredState: TaskState;
  JobIteration?: ObjectVersion;
  /** When tasks before it in its place were started again because they had ended; RFC 3339, of this spec alone. */
  Restarts?: string[];
  Networks: TaskNetwork[];
  /** As in the service's endpoint when it was made. */
  Ports: EndpointPortConfig[];
  AssignedGenericResources?: GenericResources;
}

/** A task's place on a network. */
export interface TaskNetwork {
  NetworkID: string;
  /** CIDRs, one a family. */
  Addresses: string[];
  Aliases: string[];
}

/** What a task's node says of it; under the task's id, written by the manager that the node is connected to. */
export interface TaskReport extends Stored {
  Status: TaskObject["Status"];
  /** Takes part in balancing: it runs, and its health check, if it has one, has passed. */
  Healthy: boolean;
  /** When a manager heard first that it runs; RFC 3339. Absent: it never has, or ended at once. */
  RunningSince?: string;
}

/** A network of the cluster. */
export interface NetworkObject extends Stored {
  Name: string;
  Labels: Record<string, string>;
  /** `overlay`; drivers of one machine (`macvlan` from a config network) may be of a cluster, too. */
  Driver: string;
  Options: Record<string, string>;
  Internal: boolean;
  Attachable: boolean;
  Ingress: boolean;
  EnableIPv4: boolean;
  EnableIPv6: boolean;
  /** With subnets and gateways given. */
  IPAM: IPAM;
  /** VXLAN identifiers, one a subnet; empty for other drivers. */
  VNIs: number[];
  ConfigFrom?: { Network: string };
}

/** With which a service's image is pulled; under the service's id. Never goes to clients. */
export interface Credentials extends Stored {
  /** As `X-Registry-Auth` brings them: base64url of JSON. */
  Auth: string;
  /** Those of the service's previous spec. */
  PreviousAuth: string;
}

/** A secret. `Spec.Data` (base64) never goes to clients. */
export interface SecretObject extends Stored {
  Spec: SecretSpec & { Name: string; Labels: Record<string, string>; Data: string };
}

/** A config. `Spec.Data`: base64. */
export interface ConfigObject extends Stored {
  Spec: ConfigSpec & { Name: string; Labels: Record<string, string>; Data: string };
}

/**
 * The one object of its kind (id `allocation`): whoever makes sure of something over several objects (that a name, an
 * address, a port, a VXLAN identifier is free; that nothing uses what goes) writes it in the same commit, on condition
 * that nobody else has meanwhile ({@link import("../store/guarded.ts").guarded}).
 */
export interface Allocation extends Stored {
  /** The highest VXLAN identifier ever given; the ingress network's is 4096. */
  LastVNI: number;
}

/** All kinds, by the names that the store has for them. */
export interface Kinds {
  cluster: ClusterObject;
  "cluster-keys": ClusterKeys;
  node: NodeObject;
  "node-report": NodeReport;
  service: ServiceObject;
  rollout: Rollout;
  task: TaskObject;
  "task-report": TaskReport;
  network: NetworkObject;
  credentials: Credentials;
  secret: SecretObject;
  config: ConfigObject;
  allocation: Allocation;
}

/** A kind of object. */
export type Kind = keyof Kinds;

/** Every kind. */
export const kinds: readonly Kind[] = [
  "cluster",
  "cluster-keys",
  "node",
  "node-report",
  "service",
  "rollout",
  "task",
  "task-report",
  "network",
  "credentials",
  "secret",
  "config",
  "allocation",
];

/** A fresh identifier: 25 of `[0-9a-z]`, as Docker's are. */
export function newClusterId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(17));
  let value = 0n;
  for (const byte of bytes) value = (value << 8n) | BigInt(byte);
  return value.toString(36).padStart(25, "0").slice(-25);
}
