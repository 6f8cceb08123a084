/** `/networks/*`. */
import type {
  EndpointSettings,
  Network,
  NetworkCheckItem,
  NetworkCreateRequest,
  NetworkCreateResponse,
} from "../api/types/network.ts";
import type { Client } from "./client.ts";
import type { Filters } from "./containers.ts";
import { pathPart } from "./path.ts";
import { filtersJson } from "./query.ts";

const at = (network: string, rest = "") => `/networks/${pathPart("network", network)}${rest}`;

/** The engine's networks that the filters let through; without filters, all. */
export function listNetworks(client: Client, filters?: Filters): Promise<Network[]> {
  return client.json("GET", "/networks", { query: { filters: filtersJson(filters) } });
}

/**
 * Everything about one network, as the JSON text that the engine sent. Throws {@link ApiError} (404) if there is none.
 */
export function inspectNetworkRaw(
  client: Client,
  network: string,
  options: { verbose?: boolean; scope?: string } = {},
): Promise<string> {
  return client.text("GET", at(network), {
    query: { verbose: options.verbose ? "true" : undefined, scope: options.scope },
  });
}

/**
 * Makes a network; the answer has its id and perhaps a warning. What is absent or null the engine chooses: a `bridge`,
 * with IPv4 alone. Throws {@link ApiError} (409) if the name is taken.
 */
export function createNetwork(client: Client, body: NetworkCreateRequest): Promise<NetworkCreateResponse> {
  return client.json("POST", "/networks/create", { json: body });
}

/** Deletes a network by name or id. Throws {@link ApiError}: 403 while containers are connected to it. */
export async function removeNetwork(client: Client, network: string): Promise<void> {
  await client.text("DELETE", at(network));
}

/** Connects a container to a network. `endpoint`: its addresses and aliases there; undefined: the engine chooses. */
export async function connectNetwork(
  client: Client,
  network: string,
  container: string,
  endpoint?: EndpointSettings,
): Promise<void> {
  await client.text("POST", at(network, "/connect"), {
    json: { Container: container, ...(endpoint && { EndpointConfig: endpoint }) },
  });
}

/** Takes a container off a network. `force` is docker's `--force`, sent along as it is. */
export async function disconnectNetwork(
  client: Client,
  network: string,
  container: string,
  force = false,
): Promise<void> {
  await client.text("POST", at(network, "/disconnect"), { json: { Container: container, Force: force } });
}

/** Deletes networks that no container uses, of those the filters let through; names of them, null: none. */
export function pruneNetworks(client: Client, filters?: Filters): Promise<{ NetworksDeleted: string[] | null }> {
  return client.json("POST", "/networks/prune", { query: { filters: filtersJson(filters) } });
}

/** The engine's own: what networks need in the kernel against what it has. `repair`: what differs is mended. */
export function checkNetworks(client: Client, { repair }: { repair: boolean }): Promise<NetworkCheckItem[]> {
  return repair ? client.json("POST", "/berth/networks/repair") : client.json("GET", "/berth/networks/check");
}
