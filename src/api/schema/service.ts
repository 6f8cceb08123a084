/** What clients send of services: the schemas that read it, to the types of `types/swarm.ts`. */
import type {
  EndpointPortConfig,
  EndpointSpec,
  NetworkAttachmentConfig,
  ServiceSpec,
  TaskSpec,
} from "../types/swarm.ts";
import { deviceMapping, deviceRequest, healthConfig, mount } from "./container.ts";
import { pluginPrivileges } from "./plugin.ts";
import {
  boolean,
  choiceOrFirst,
  integer,
  list,
  map,
  number,
  object,
  type Schema,
  string,
  stringMap,
  strings,
} from "./schema.ts";

type ContainerSpec = NonNullable<TaskSpec["ContainerSpec"]>;
type Defined<T> = NonNullable<T>;

/** An object of which nothing is read: its presence is what it says. */
const presence: Schema<Record<string, unknown>> = map((value) => value);

const file = object<{ Name?: string; UID?: string; GID?: string; Mode?: number }>({
  Name: string,
  UID: string,
  GID: string,
  Mode: integer,
});

const ports = list(
  object<EndpointPortConfig>({
    Name: string,
    Protocol: choiceOrFirst(["tcp", "udp", "sctp"], 'invalid protocol value "%"'),
    TargetPort: integer,
    PublishedPort: integer,
    PublishMode: choiceOrFirst(["ingress", "host"], 'invalid publish mode: "%"'),
  }),
);

const networks = list(object<NetworkAttachmentConfig>({ Target: string, Aliases: strings, DriverOpts: stringMap }));

const privileges = object<Defined<ContainerSpec["Privileges"]>>({
  CredentialSpec: object<Defined<Defined<ContainerSpec["Privileges"]>["CredentialSpec"]>>({
    Config: string,
    File: string,
    Registry: string,
  }),
  SELinuxContext: object<Defined<Defined<ContainerSpec["Privileges"]>["SELinuxContext"]>>({
    Disable: boolean,
    User: string,
    Role: string,
    Type: string,
    Level: string,
  }),
  Seccomp: object<Defined<Defined<ContainerSpec["Privileges"]>["Seccomp"]>>({
    Mode: choiceOrFirst(["default", "unconfined", "custom"], 'invalid seccomp mode: "%"'),
    Profile: string,
  }),
  AppArmor: object<Defined<Defined<ContainerSpec["Privileges"]>["AppArmor"]>>({
    Mode: choiceOrFirst(["default", "disabled"], 'invalid apparmor mode: "%"'),
  }),
  NoNewPrivileges: boolean,
});

const containerSpec = object<ContainerSpec>({
  Image: string,
  Labels: stringMap,
  Command: strings,
  Args: strings,
  Hostname: string,
  Env: strings,
  Dir: string,
  User: string,
  Groups: strings,
  Privileges: privileges,
  TTY: boolean,
  OpenStdin: boolean,
  ReadOnly: boolean,
  Mounts: list(mount),
  StopSignal: string,
  StopGracePeriod: integer,
  Healthcheck: healthConfig,
  Hosts: strings,
  DNSConfig: object<Defined<ContainerSpec["DNSConfig"]>>({
    Nameservers: strings,
    Search: strings,
    Options: strings,
  }),
  Secrets: list(
    object<Defined<ContainerSpec["Secrets"]>[number]>({ File: file, SecretID: string, SecretName: string }),
  ),
  OomScoreAdj: integer,
  Configs: list(
    object<Defined<ContainerSpec["Configs"]>[number]>({
      File: file,
      Runtime: presence,
      ConfigID: string,
      ConfigName: string,
    }),
  ),
  Isolation: choiceOrFirst(["default", "process", "hyperv"], 'invalid isolation: "%"'),
  Init: boolean,
  Sysctls: stringMap,
  CapabilityAdd: strings,
  CapabilityDrop: strings,
  Ulimits: list(object<Defined<ContainerSpec["Ulimits"]>[number]>({ Name: string, Soft: integer, Hard: integer })),
  Devices: list(deviceMapping),
  DeviceRequests: list(deviceRequest),
  Privileged: boolean,
});

const genericResources = list(
  object<Defined<Defined<Defined<TaskSpec["Resources"]>["Reservations"]>["GenericResources"]>[number]>({
    NamedResourceSpec: object<{ Kind?: string; Value?: string }>({ Kind: string, Value: string }),
    DiscreteResourceSpec: object<{ Kind?: string; Value?: number }>({ Kind: string, Value: integer }),
  }),
);

const logDriver = object<Defined<TaskSpec["LogDriver"]>>({ Name: string, Options: stringMap });

const taskSpec = object<TaskSpec>({
  PluginSpec: object<Defined<TaskSpec["PluginSpec"]>>({
    Name: string,
    Remote: string,
    Disabled: boolean,
    PluginPrivilege: pluginPrivileges,
  }),
  ContainerSpec: containerSpec,
  NetworkAttachmentSpec: object<{ ContainerID?: string }>({ ContainerID: string }),
  Resources: object<Defined<TaskSpec["Resources"]>>({
    Limits: object<Defined<Defined<TaskSpec["Resources"]>["Limits"]>>({
      NanoCPUs: integer,
      MemoryBytes: integer,
      Pids: integer,
    }),
    Reservations: object<Defined<Defined<TaskSpec["Resources"]>["Reservations"]>>({
      NanoCPUs: integer,
      MemoryBytes: integer,
      GenericResources: genericResources,
    }),
    SwapBytes: integer,
    MemorySwappiness: integer,
  }),
  RestartPolicy: object<Defined<TaskSpec["RestartPolicy"]>>({
    Condition: choiceOrFirst(["any", "none", "on-failure"], 'invalid RestartCondition: "%"'),
    Delay: integer,
    MaxAttempts: integer,
    Window: integer,
  }),
  Placement: object<Defined<TaskSpec["Placement"]>>({
    Constraints: strings,
    Preferences: list(
      object<{ Spread?: { SpreadDescriptor?: string } }>({
        Spread: object<{ SpreadDescriptor?: string }>({ SpreadDescriptor: string }),
      }),
    ),
    MaxReplicas: integer,
    Platforms: list(object<{ Architecture?: string; OS?: string }>({ Architecture: string, OS: string })),
  }),
  ForceUpdate: integer,
  Runtime: string,
  Networks: networks,
  LogDriver: logDriver,
});

const howToReplace = {
  Parallelism: integer,
  Delay: integer,
  Monitor: integer,
  MaxFailureRatio: number,
  Order: choiceOrFirst(["stop-first", "start-first"], "unrecognized update order %"),
};
const updateConfig = object<Defined<ServiceSpec["UpdateConfig"]>>({
  ...howToReplace,
  FailureAction: choiceOrFirst(["pause", "continue", "rollback"], "unrecognized update failure action %"),
});
const rollbackConfig = object<Defined<ServiceSpec["RollbackConfig"]>>({
  ...howToReplace,
  FailureAction: choiceOrFirst(["pause", "continue"], "unrecognized update failure action %"),
});

/** How a service's tasks are found: its name's meaning, and what is published. */
export const endpointSpec = object<EndpointSpec>({
  Mode: choiceOrFirst(["vip", "dnsrr"], 'invalid resolution mode: "%"'),
  Ports: ports,
});

/** Body of `POST /services/create` and `POST /services/{id}/update`. Throws `invalid`, with the field's name. */
export const serviceSpec: Schema<ServiceSpec> = object<ServiceSpec>({
  Name: string,
  Labels: stringMap,
  TaskTemplate: taskSpec,
  Mode: object<Defined<ServiceSpec["Mode"]>>({
    Replicated: object<{ Replicas?: number }>({ Replicas: integer }),
    Global: presence,
    ReplicatedJob: object<{ MaxConcurrent?: number; TotalCompletions?: number }>({
      MaxConcurrent: integer,
      TotalCompletions: integer,
    }),
    GlobalJob: presence,
  }),
  UpdateConfig: updateConfig,
  RollbackConfig: rollbackConfig,
  Networks: networks,
  EndpointSpec: endpointSpec,
});

/** A driver by name, with its options: of logs, of secrets, of templates. */
export const driver = object<{ Name: string; Options?: Record<string, string> }>({ Name: string, Options: stringMap });
