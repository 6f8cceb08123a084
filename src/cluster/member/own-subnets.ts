import { Filters } from "../../api/filters.ts";
import { listNetworks } from "../../network/list.ts";
import type { SwarmDeps } from "./deps.ts";

/** Subnets of the engine's own networks: their addresses lead to no other machine. */
export async function ownSubnets({ networks }: SwarmDeps): Promise<string[]> {
  const own = await listNetworks(networks, new Filters());
  return own.flatMap(({ IPAM }) => (IPAM?.Config ?? []).flatMap(({ Subnet }) => Subnet ?? []));
}
