/** What clients send of swarms, their nodes, secrets and configs: the schemas that read it. */
import type { ConfigSpec, NodeSpec, SecretSpec, SwarmSpec } from "../types/swarm.ts";
import {
  boolean,
  choice,
  choiceOrFirst,
  type Infer,
  integer,
  list,
  object,
  string,
  stringMap,
  strings,
  struct,
} from "./schema.ts";
import { driver } from "./service.ts";

type Defined<T> = NonNullable<T>;
type CaConfig = Defined<SwarmSpec["CAConfig"]>;

/** Body of `POST /swarm/update`, and part of `POST /swarm/init`. Throws `invalid`, with the field's name. */
export const swarmSpec = object<SwarmSpec>({
  Name: string,
  Labels: stringMap,
  Orchestration: object<Defined<SwarmSpec["Orchestration"]>>({ TaskHistoryRetentionLimit: integer }),
  Raft: object<Defined<SwarmSpec["Raft"]>>({
    SnapshotInterval: integer,
    KeepOldSnapshots: integer,
    LogEntriesForSlowFollowers: integer,
    ElectionTick: integer,
    HeartbeatTick: integer,
  }),
  Dispatcher: object<Defined<SwarmSpec["Dispatcher"]>>({ HeartbeatPeriod: integer }),
  CAConfig: object<CaConfig>({
    NodeCertExpiry: integer,
    ExternalCAs: list(
      object<Defined<CaConfig["ExternalCAs"]>[number]>({
        Protocol: choice(["cfssl"], 'invalid protocol: "%"'),
        URL: string,
        Options: stringMap,
        CACert: string,
      }),
    ),
    SigningCACert: string,
    SigningCAKey: string,
    ForceRotate: integer,
  }),
  EncryptionConfig: object<Defined<SwarmSpec["EncryptionConfig"]>>({ AutoLockManagers: boolean }),
  TaskDefaults: object<Defined<SwarmSpec["TaskDefaults"]>>({ LogDriver: driver }),
});

const availability = choice(["active", "pause", "drain"], 'invalid Availability: "%"');

/** Body of `POST /nodes/{id}/update`. Throws `invalid`, with the field's name. */
export const nodeSpec = object<NodeSpec>({
  Name: string,
  Labels: stringMap,
  Role: choice(["worker", "manager"], 'invalid Role: "%"'),
  Availability: availability,
});

const reachedAt = { ListenAddr: string, AdvertiseAddr: string, DataPathAddr: string };
const availabilityOrActive = choiceOrFirst(["active", "pause", "drain"], 'invalid Availability: "%"');

/** Body of `POST /swarm/init`. */
export type SwarmInitRequest = Infer<typeof swarmInitRequest>;
/** Reads a {@link SwarmInitRequest}. Throws `invalid`, with the field's name. */
export const swarmInitRequest = struct({
  ...reachedAt,
  DataPathPort: integer,
  DefaultAddrPool: strings,
  ForceNewCluster: boolean,
  SubnetSize: integer,
  Spec: swarmSpec,
  AutoLockManagers: boolean,
  Availability: availabilityOrActive,
  /** Not of Docker's API: an etcd that somebody runs already, `https://host:port` each. */
  EtcdEndpoints: strings,
});

/** Body of `POST /swarm/join`. */
export type SwarmJoinRequest = Infer<typeof swarmJoinRequest>;
/** Reads a {@link SwarmJoinRequest}. Throws `invalid`, with the field's name. */
export const swarmJoinRequest = struct({
  ...reachedAt,
  RemoteAddrs: strings,
  JoinToken: string,
  Availability: availabilityOrActive,
});

/** Body of `POST /swarm/unlock`. Throws `invalid`, with the field's name. */
export const swarmUnlockRequest = struct({ UnlockKey: string });

/** Body of `POST /secrets/create` and `POST /secrets/{id}/update`. Throws `invalid`, with the field's name. */
export const secretSpec = object<SecretSpec>({
  Name: string,
  Labels: stringMap,
  Data: string,
  Driver: driver,
  Templating: driver,
});

/** Body of `POST /configs/create` and `POST /configs/{id}/update`. Throws `invalid`, with the field's name. */
export const configSpec = object<ConfigSpec>({ Name: string, Labels: stringMap, Data: string, Templating: driver });
