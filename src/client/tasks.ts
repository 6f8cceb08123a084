/** `/tasks/*`. */
import type { Task } from "../api/types/swarm.ts";
import type { Client } from "./client.ts";
import type { Filters } from "./containers.ts";
import { filtersJson } from "./query.ts";

/** The tasks that the filters let through. */
export async function listTasks(client: Client, filters?: Filters): Promise<Task[]> {
  return (await client.json<Task[] | null>("GET", "/tasks", { query: { filters: filtersJson(filters) } })) ?? [];
}
