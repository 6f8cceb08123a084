import type { SwarmInfo } from "../../api/types/swarm.ts";
import { inspectSwarm } from "../inspect.ts";
import type { Member } from "./member.ts";
import { hostOf, type Place } from "./saved.ts";

/** `Swarm` of `GET /info`, outside of any cluster. */
export const inactive: SwarmInfo = {
  NodeID: "",
  NodeAddr: "",
  LocalNodeState: "inactive",
  ControlAvailable: false,
  Error: "",
  RemoteManagers: null,
};

/** The same of a manager that has not got its key yet. */
export const lockedInfo = ({ advertiseAddr }: Place, Error: string): SwarmInfo => ({
  ...inactive,
  NodeAddr: hostOf(advertiseAddr),
  LocalNodeState: "locked",
  Error,
});

/** The same of a node. */
export function memberInfo(member: Member): SwarmInfo {
  const { place, manager, managers, removed, worker } = member;
  const info: SwarmInfo = {
    NodeID: place.nodeId,
    NodeAddr: hostOf(place.advertiseAddr),
    LocalNodeState: removed ? "error" : "active",
    ControlAvailable: manager !== null,
    Error: removed ? `node ${place.nodeId} was removed from the swarm` : worker.session.trouble,
    RemoteManagers: managers,
  };
  if (!manager) return info;
  const { state } = manager.deps.store;
  const nodes = [...state.all("node")];
  const { JoinTokens: _, ...Cluster } = inspectSwarm(state);
  return {
    ...info,
    Nodes: nodes.length,
    Managers: nodes.filter(({ Spec }) => Spec.Role === "manager").length,
    Cluster,
  };
}
