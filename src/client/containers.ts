import type { ContainerSummary } from "../api/types/container.ts";
import type { Client } from "./client.ts";
import { filtersJson } from "./query.ts";

export function listContainers(client: Client, options: { all?: boolean; limit?: number; size?: boolean; filters?: Readonly<Record<string, readonly string[]>> } = {}): Promise<ContainerSummary[]> {
  const { filters, ...query } = options;
  return client.json("GET", "/containers/json", { query: { ...query, filters: filtersJson(filters) } });
}
