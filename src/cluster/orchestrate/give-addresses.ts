import { errorMessage } from "../../lib/errors.ts";
import { Addresses, ingressNetwork } from "../allocate/addresses.ts";
import type { NetworkObject, TaskNetwork, TaskObject } from "../model/objects.ts";
import type { ClusterState } from "../model/state.ts";
import { draftOf } from "../version.ts";
import { byAge, isUnplaced, postpone } from "./tasks.ts";
import type { Workspace } from "./workspace.ts";

/** Gives nodes their address on the ingress network. Throws `unavailable` where it has none left. */
export function giveNodeAddresses(work: Workspace): void {
  const ingress = ingressNetwork(work);
  if (!ingress) return;
  const addresses = new Addresses(work);
  for (const node of [...work.all("node")]) {
    if (node.IngressAddr !== "") continue;
    const [IngressAddr = ""] = addresses.take(ingress);
    work.put("node", { ...draftOf(node), IngressAddr });
  }
}

/** Gives tasks their addresses. Those for which there are none left wait, and say so. */
export function giveTaskAddresses(work: Workspace): void {
  const addresses = new Addresses(work);
  const waiting = [...work.all("task")].filter((task) => isUnplaced(task) && lacksAddresses(work, task));
  for (const task of waiting.sort(byAge)) {
    try {
      work.put("task", { ...draftOf(task), Networks: task.Networks.map((place) => complete(work, addresses, place)) });
    } catch (error) {
      postpone(work, task, errorMessage(error));
    }
  }
}

/** It is on a network on which it has no address yet. */
export const lacksAddresses = (state: ClusterState, { Networks }: TaskObject): boolean =>
  Networks.some((place) => isMissing(state.get("network", place.NetworkID), place));

/** Networks of other drivers give out addresses on each machine. */
const isMissing = (network: NetworkObject | undefined, { Addresses }: TaskNetwork): network is NetworkObject =>
  network !== undefined && network.VNIs.length > 0 && Addresses.length === 0;

function complete(state: ClusterState, addresses: Addresses, place: TaskNetwork): TaskNetwork {
  const network = state.get("network", place.NetworkID);
  return isMissing(network, place) ? { ...place, Addresses: addresses.take(network) } : place;
}
