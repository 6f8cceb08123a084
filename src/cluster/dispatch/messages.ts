/**
 * What nodes and managers say to each other. A node's every word is checked whole, since a node is trusted with nothing
 * but itself; of what managers hand out, which the cluster's root vouches for, the frame is.
 */

import {
  anything,
  boolean,
  choice,
  integer,
  list,
  map,
  object,
  type Schema,
  string,
  stringMap,
  struct,
} from "../../api/schema/schema.ts";
import { taskStates } from "../../api/task-states.ts";
import type {
  NodeDescription,
  PeerNode,
  ResourceObject,
  SwarmSpec,
  TaskState,
  TaskStatus,
} from "../../api/types/swarm.ts";
import type { RegistryCredentials } from "../../image/remote/credentials.ts";
import { invalid } from "../../lib/errors.ts";
import type { Role } from "../ca/identity.ts";
import type { ConfigObject, NetworkObject, SecretObject, TaskObject } from "../model/objects.ts";
import type { Overlay } from "./overlays.ts";

/** Where each call is found. */
export const paths = {
  root: "/berth.cluster/Root",
  join: "/berth.cluster/Join",
  renew: "/berth.cluster/Renew",
  admit: "/berth.cluster/Admit",
  session: "/berth.cluster/Session",
  answer: "/berth.cluster/Answer",
  relay: "/berth.cluster/Relay",
};

type Defined<T> = NonNullable<T>;

/** A message whose listed fields must all be there. */
function whole<T extends object>(schema: Schema<T>, ...needed: (keyof T & string)[]): Schema<Required<T>> {
  return (value, path) => {
    const read = schema(value, path);
    for (const field of needed) if (read[field] == null) throw invalid(`${path}.${field} is missing`);
    // The border: what is needed was just found.
    return read as Required<T>;
  };
}

const role: Schema<Role> = choice(["worker", "manager"], "invalid role %");

/** The roots of a cluster, for who can tell by a join token whether they are the right ones. */
export const rootAnswer = whole(object<{ trust?: string }>({ trust: string }), "trust");

/** What a machine hands in that wants to be a node. */
export const joinRequest = whole(
  object<{ token?: string; request?: string; availability?: "active" | "pause" | "drain" }>({
    token: string,
    request: string,
    availability: choice(["active", "pause", "drain"], "invalid availability %"),
  }),
  "token",
  "request",
  "availability",
);

/** A node's certificate, and what it needs to know to be one. */
export interface Membership {
  nodeId: string;
  clusterId: string;
  role: Role;
  cert: string;
  trust: string;
  managers: PeerNode[];
}

const managers = list(object<PeerNode>({ NodeID: string, Addr: string }));

/** Reads a {@link Membership}. */
export const membership: Schema<Membership> = whole(
  object<Partial<Membership>>({
    nodeId: string,
    clusterId: string,
    role,
    cert: string,
    trust: string,
    managers,
  }),
  "nodeId",
  "clusterId",
  "role",
  "cert",
  "trust",
  "managers",
);

/** A node asks for another certificate of its own. */
export const renewRequest = whole(object<{ request?: string }>({ request: string }), "request");

/** A node that is to be a manager asks to be one: with a request for a certificate, and where it is. */
export const admitRequest = whole(
  object<{ request?: string; address?: string }>({ request: string, address: string }),
  "request",
  "address",
);

/** What a new manager needs for its part of the cluster's memory. */
export interface Admission {
  peerCert: string;
  peerTrust: string;
  told: string;
  /** What managers seal secrets with, in base64. */
  storeKey: string;
}
/** Reads an {@link Admission}. */
export const admission: Schema<Admission> = whole(
  object<Partial<Admission>>({ peerCert: string, peerTrust: string, told: string, storeKey: string }),
  "peerCert",
  "peerTrust",
  "storeKey",
  "told",
);

/** What a node may tell of: from its taking of the task on. */
const states = taskStates.slice(taskStates.indexOf("accepted"));

const port = object<Defined<Defined<TaskStatus["PortStatus"]>["Ports"]>[number]>({
  Name: string,
  Protocol: choice(["tcp", "udp", "sctp"], "invalid protocol %"),
  TargetPort: integer,
  PublishedPort: integer,
  PublishMode: choice(["ingress", "host"], "invalid mode %"),
});
const status: Schema<TaskObject["Status"]> = whole(
  object<TaskStatus>({
    Timestamp: string,
    State: choice(states, "invalid state %"),
    Message: string,
    Err: string,
    ContainerStatus: object<Defined<TaskStatus["ContainerStatus"]>>({
      ContainerID: string,
      PID: integer,
      ExitCode: integer,
    }),
    PortStatus: object<Defined<TaskStatus["PortStatus"]>>({ Ports: list(port) }),
  }),
  "Timestamp",
  "State",
  "Message",
);

/** What a node says of one of its tasks. */
export interface TaskWord {
  id: string;
  Status: TaskObject["Status"];
  Healthy: boolean;
}
const taskWord: Schema<TaskWord> = whole(
  object<Partial<TaskWord>>({ id: string, Status: status, Healthy: boolean }),
  "id",
  "Status",
  "Healthy",
);

const resources = object<ResourceObject>({
  NanoCPUs: integer,
  MemoryBytes: integer,
  GenericResources: list(
    object<Defined<ResourceObject["GenericResources"]>[number]>({
      NamedResourceSpec: object<{ Kind?: string; Value?: string }>({ Kind: string, Value: string }),
      DiscreteResourceSpec: object<{ Kind?: string; Value?: number }>({ Kind: string, Value: integer }),
    }),
  ),
});
const description = object<NodeDescription>({
  Hostname: string,
  Platform: object<Defined<NodeDescription["Platform"]>>({ Architecture: string, OS: string }),
  Resources: resources,
  Engine: object<Defined<NodeDescription["Engine"]>>({
    EngineVersion: string,
    Labels: stringMap,
    Plugins: list(object<{ Type?: string; Name?: string }>({ Type: string, Name: string })),
  }),
  TLSInfo: object<Defined<NodeDescription["TLSInfo"]>>({
    TrustRoot: string,
    CertIssuerSubject: string,
    CertIssuerPublicKey: string,
  }),
});

/** What a node says of itself when it comes. Addresses that it does not know are empty. */
export interface Hello {
  description: NodeDescription;
  addr: string;
  dataPathAddr: string;
  managerAddr: string;
}

/** What a node sends in its session: first of all a hello, and nothing but a sign of life each second. */
export type NodeMessage = { hello?: Hello; tasks?: TaskWord[] };
/** Reads a {@link NodeMessage}. */
export const nodeMessage: Schema<NodeMessage> = object<NodeMessage>({
  hello: whole(
    object<Partial<Hello>>({ description, addr: string, dataPathAddr: string, managerAddr: string }),
    "description",
    "addr",
    "dataPathAddr",
    "managerAddr",
  ),
  tasks: list(taskWord),
});

/** One thing that a node is to have, or is not to have any more. */
export type Item =
  | { kind: "task"; id: string; object: { task: TaskObject; state: TaskState; auth?: RegistryCredentials } | null }
  | { kind: "secret"; id: string; object: SecretObject | null }
  | { kind: "config"; id: string; object: ConfigObject | null }
  | { kind: "network"; id: string; object: NetworkObject | null }
  /** Under the network's id. */
  | { kind: "overlay"; id: string; object: Overlay | null };

/** What a node needs to know of its cluster beside what it is to have. */
export interface Surroundings {
  role: Role;
  trust: string;
  managers: PeerNode[];
  /** Its certificate is to be replaced now. */
  renew: boolean;
  spec: SwarmSpec;
}

/** Something that a manager wants to know of a node, which answers in a call of its own. */
export interface Question {
  id: string;
  about: "logs";
  task: string;
  options: Record<string, string>;
}

/** What a manager sends in a session. The first `items` are all, further ones what has changed. */
export interface ManagerMessage {
  items?: Item[];
  surroundings?: Surroundings;
  question?: Question;
}

const item = struct({ kind: choice(["task", "secret", "config", "network", "overlay"], "invalid kind %"), id: string });
/** Reads a {@link ManagerMessage}. */
export const managerMessage: Schema<ManagerMessage> = (value, path) => {
  const { items, surroundings, question } = struct({
    items: list(anything),
    surroundings: anything,
    question: anything,
  })(value, path);
  for (const each of items ?? []) item(each, `${path}.items`);
  return {
    // The border: a manager has sent it, whose certificate says that it may.
    ...(items && { items: items as Item[] }),
    ...(surroundings != null && { surroundings: surroundings as Surroundings }),
    ...(question != null && {
      question: whole(
        object<Partial<Question>>({ id: string, about: choice(["logs"], "%"), task: string, options: stringMap }),
        "id",
        "about",
        "task",
        "options",
      )(question, path),
    }),
  };
};

/** One manager asks another about a node that is connected to it. */
export const relayRequest = whole(
  object<{ nodeId?: string; task?: string; options?: Record<string, string> }>({
    nodeId: string,
    task: string,
    options: map(string),
  }),
  "nodeId",
  "task",
  "options",
);
