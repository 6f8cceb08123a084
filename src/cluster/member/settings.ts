import type { SwarmInitRequest } from "../../api/schema/swarm.ts";
import type { SwarmSpec } from "../../api/types/swarm.ts";
import { internal, invalid, notImplemented } from "../../lib/errors.ts";
import { parseCidr } from "../../lib/ip.ts";
import { shortestLifetime } from "../ca/issue.ts";
import type { ClusterObject } from "../model/objects.ts";

const nanosecond = 1e-6;

/** Throws `invalid` where the cluster's settings cannot be. */
export function checkSpec(spec: SwarmSpec): void {
  if (spec.Name && spec.Name !== "default") throw invalid('swarm spec must be named "default"');
  const expiry = spec.CAConfig?.NodeCertExpiry;
  if (expiry && expiry * nanosecond < shortestLifetime) throw invalid("minimum certificate expiry time is: 1h0m0s");
  if (spec.CAConfig?.ExternalCAs?.length) throw notImplemented("external certificate authorities are not supported");
  const { ElectionTick = 0, HeartbeatTick = 0 } = spec.Raft ?? {};
  if (ElectionTick && HeartbeatTick && ElectionTick <= HeartbeatTick)
    throw invalid("expect ElectionTick to be greater than HeartbeatTick");
}

/** What a new cluster is told by whoever founds it. */
export interface Founding extends Pick<ClusterObject, "DefaultAddrPool" | "SubnetSize" | "DataPathPort"> {
  spec: ClusterObject["Spec"];
}

/** Reads the cluster's part of an init. Throws where it cannot be. */
export function readFounding({ Spec, AutoLockManagers, ...request }: SwarmInitRequest): Founding {
  checkSpec(Spec ?? {});
  const SubnetSize = request.SubnetSize || 24;
  const DefaultAddrPool = request.DefaultAddrPool ?? [];
  const port = request.DataPathPort || 4789;
  if (port < 1024 || port > 49_151) {
    throw internal(`Datapath port number is not in valid range (1024-49151) : ${port}`);
  }
  for (const pool of DefaultAddrPool) {
    const cidr = parseCidr(pool);
    if (!cidr) throw internal(`invalid base pool ${pool}: invalid CIDR address: ${pool}`);
    if (cidr.prefix > SubnetSize) throw internal(`subnet size is out of range: ${SubnetSize}`);
  }
  if (SubnetSize < 1 || SubnetSize > 29) throw internal(`subnet size is out of range: ${SubnetSize}`);
  return {
    spec: completeSpec(Spec ?? {}, AutoLockManagers ?? false),
    SubnetSize,
    DefaultAddrPool,
    DataPathPort: port,
  };
}

/** With Docker's defaults for what is not said. */
export function completeSpec(spec: SwarmSpec, autoLock: boolean): ClusterObject["Spec"] {
  const { Orchestration, Raft, Dispatcher, CAConfig, TaskDefaults, EncryptionConfig } = spec;
  return {
    Name: "default",
    Labels: spec.Labels ?? {},
    Orchestration: { TaskHistoryRetentionLimit: Orchestration?.TaskHistoryRetentionLimit ?? 5 },
    Raft: {
      SnapshotInterval: Raft?.SnapshotInterval || 10_000,
      KeepOldSnapshots: Raft?.KeepOldSnapshots ?? 0,
      LogEntriesForSlowFollowers: Raft?.LogEntriesForSlowFollowers || 500,
      ElectionTick: Raft?.ElectionTick || 10,
      HeartbeatTick: Raft?.HeartbeatTick || 1,
    },
    Dispatcher: { HeartbeatPeriod: Dispatcher?.HeartbeatPeriod || 5_000_000_000 },
    CAConfig: { ...CAConfig, NodeCertExpiry: CAConfig?.NodeCertExpiry || 7_776_000_000_000_000 },
    TaskDefaults: TaskDefaults ?? {},
    EncryptionConfig: { AutoLockManagers: EncryptionConfig?.AutoLockManagers || autoLock },
  };
}
