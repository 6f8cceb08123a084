/** `/nodes/*`. */
import type { Node, NodeSpec } from "../api/types/swarm.ts";
import type { Client } from "./client.ts";
import type { Filters } from "./containers.ts";
import { pathPart } from "./path.ts";
import { filtersJson } from "./query.ts";

const at = (node: string, rest = "") => `/nodes/${pathPart("node", node)}${rest}`;

/** The nodes of the swarm that the filters let through. */
export async function listNodes(client: Client, filters?: Filters): Promise<Node[]> {
  return (await client.json<Node[] | null>("GET", "/nodes", { query: { filters: filtersJson(filters) } })) ?? [];
}

/** One node, by id or by a name that only one has. Throws {@link ApiError} (404) if there is none. */
export function inspectNode(client: Client, node: string): Promise<Node> {
  return client.json("GET", at(node));
}

/** As {@link inspectNode}, as the JSON text that the engine sent. */
export function inspectNodeRaw(client: Client, node: string): Promise<string> {
  return client.text("GET", at(node));
}

/** Changes the node that was read at `version`. */
export async function updateNode(client: Client, node: string, version: number, spec: NodeSpec): Promise<void> {
  await client.text("POST", at(node, "/update"), { query: { version }, json: spec });
}

/** Takes a node out of the swarm; `force`: also one that is not down. */
export async function removeNode(client: Client, node: string, force = false): Promise<void> {
  await client.text("DELETE", at(node), { query: { force } });
}
