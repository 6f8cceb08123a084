import type { ClusterState } from "../model/state.ts";
import { isOver, taskStatus } from "../model/task-status.ts";

/** A task on an overlay network, as all machines with one there are told of it. */
export interface OverlayMember {
  task: string;
  node: string;
  /** Where that machine's end of the tunnel is. */
  machine: string;
  /** Without prefix length. */
  addresses: string[];
  /** What it is called alone; what it shares with others. */
  name: string;
  shared: string[];
  /** It takes part in what is shared. */
  healthy: boolean;
}

/** What a machine needs to know of an overlay network beside the network itself. */
export interface Overlay {
  /** UDP port of the tunnel. */
  port: number;
  members: OverlayMember[];
}

/** By state, for all nodes at once: it is the same for each. */
const known = new WeakMap<ClusterState, { index: number; overlays: Map<string, Overlay> }>();

/** Who is on a network; those that have ended are not. */
export function overlayOf(state: ClusterState, networkId: string): Overlay {
  let cache = known.get(state);
  if (cache?.index !== state.index) known.set(state, (cache = { index: state.index, overlays: overlays(state) }));
  return cache.overlays.get(networkId) ?? { port: portOf(state), members: [] };
}

const portOf = (state: ClusterState): number => [...state.all("cluster")][0]?.DataPathPort ?? 4789;

function overlays(state: ClusterState): Map<string, Overlay> {
  const found = new Map<string, Overlay>();
  for (const task of state.all("task")) {
    if (task.Networks.length === 0 || task.NodeID === "" || isOver(taskStatus(state, task).State)) continue;
    const machine = state.get("node-report", task.NodeID)?.DataPathAddr ?? "";
    for (const { NetworkID, Addresses, Aliases } of task.Networks) {
      const overlay = found.get(NetworkID) ?? { port: portOf(state), members: [] };
      found.set(NetworkID, overlay);
      overlay.members.push({
        task: task.ID,
        node: task.NodeID,
        machine,
        addresses: Addresses.map((cidr) => cidr.split("/")[0] ?? ""),
        name: `${task.ServiceName}.${task.Slot < 0 ? task.NodeID : task.Slot}.${task.ID}`,
        shared: [task.ServiceName, `tasks.${task.ServiceName}`, ...Aliases],
        healthy: state.get("task-report", task.ID)?.Healthy ?? false,
      });
    }
  }
  return found;
}
