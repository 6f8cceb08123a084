import type { NetworkCreateRequest } from "../../api/types/network.ts";
import type { NetworkRecord } from "../../network/record.ts";
import type { Swarm } from "../swarm.ts";
import { asRecord } from "./view.ts";

/** The networks of the cluster that managers know of, on this machine or not; none where this engine is no manager. */
export function clusterNetworks(swarm: Swarm): NetworkRecord[] {
  if (!swarm.info().ControlAvailable) return [];
  return [...swarm.manager().store.state.all("network")].map(asRecord);
}

/** Whether a network is to be made for the whole cluster: it says so, or can be nothing else. */
export function isOfCluster(swarm: Swarm, { Driver, Scope, Ingress, ConfigOnly }: NetworkCreateRequest): boolean {
  if (ConfigOnly || !swarm.info().ControlAvailable) return false;
  return Driver === "overlay" || Scope === "swarm" || Ingress === true;
}
