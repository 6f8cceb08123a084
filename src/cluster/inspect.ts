import type { Swarm } from "../api/types/swarm.ts";
import { internal } from "../lib/errors.ts";
import type { ClusterState } from "./model/state.ts";

/** `GET /swarm`. */
export function inspectSwarm(state: ClusterState): Swarm {
  const [cluster] = state.all("cluster");
  const [keys] = state.all("cluster-keys");
  if (!cluster || !keys) throw internal("the cluster has no record of itself");
  const { ID, Version, CreatedAt, UpdatedAt, Spec, RootRotationInProgress, DefaultAddrPool } = cluster;
  return {
    ID,
    Version,
    CreatedAt,
    UpdatedAt,
    Spec,
    TLSInfo: cluster.TLSInfo,
    RootRotationInProgress,
    DefaultAddrPool: DefaultAddrPool.length > 0 ? DefaultAddrPool : null,
    SubnetSize: cluster.SubnetSize,
    DataPathPort: cluster.DataPathPort,
    JoinTokens: keys.JoinTokens,
  };
}
