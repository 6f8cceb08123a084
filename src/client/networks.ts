/** `/networks/*`. */
import type { EndpointSettings, IPAM, Network, NetworkCreateResponse } from "../api/types/network.ts";
import type { Client } from "./client.ts";
import type { Filters } from "./containers.ts";
import { pathPart } from "./path.ts";
import { filtersJson } from "./query.ts";

export interface NetworkCreate {
  Name: string;
  Driver?: string;
  Scope?: string;
  Internal?: boolean;
  Attachable?: boolean;
  Ingress?: boolean;
  ConfigOnly?: boolean;
  ConfigFrom?: { Network: string } | null;
  IPAM?: IPAM | null;
  EnableIPv4?: boolean | null;
  EnableIPv6?: boolean | null;
  Options?: Readonly<Record<string, string>>;
  Labels?: Readonly<Record<string, string>>;
}

const at = (network: string, rest = "") => `/networks/${pathPart("network", network)}${rest}`;

export function listNetworks(client: Client, filters?: Filters): Promise<Network[]> {
  return client.json("GET", "/networks", { query: { filters: filtersJson(filters) } });
}

/** The engine's own JSON text. */
export function inspectNetworkRaw(client: Client, network: string, options: { verbose?: boolean; scope?: string } = {}): Promise<string> {
  return client.text("GET", at(network), { query: { verbose: options.verbose ? "true" : undefined, scope: options.scope } });
}

export function createNetwork(client: Client, body: NetworkCreate): Promise<NetworkCreateResponse> {
  return client.json("POST", "/networks/create", { json: body });
}

export async function removeNetwork(client: Client, network: string): Promise<void> {
  await client.text("DELETE", at(network));
}

export async function connectNetwork(client: Client, network: string, container: string, endpoint?: EndpointSettings): Promise<void> {
  await client.text("POST", at(network, "/connect"), { json: { Container: container, ...(endpoint && { EndpointConfig: endpoint }) } });
}

export async function disconnectNetwork(client: Client, network: string, container: string, force = false): Promise<void> {
  await client.text("POST", at(network, "/disconnect"), { json: { Container: container, Force: force } });
}

export function pruneNetworks(client: Client, filters?: Filters): Promise<{ NetworksDeleted: string[] | null }> {
  return client.json("POST", "/networks/prune", { query: { filters: filtersJson(filters) } });
}
