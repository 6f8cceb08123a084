/** `/tasks/*`. */
import type { Task } from "../api/types/swarm.ts";
import type { Client } from "./client.ts";
import type { Filters } from "./containers.ts";
import { pathPart } from "./path.ts";
import { filtersJson } from "./query.ts";

/** The tasks that the filters let through. */
export async function listTasks(client: Client, filters?: Filters): Promise<Task[]> {
  return (await client.json<Task[] | null>("GET", "/tasks", { query: { filters: filtersJson(filters) } })) ?? [];
}

/** One task by its id. Throws {@link ApiError} (404) if there is none. */
export function inspectTask(client: Client, task: string): Promise<Task> {
  return client.json("GET", `/tasks/${pathPart("task", task)}`);
}

/** As {@link inspectTask}, as the JSON text that the engine sent. */
export function inspectTaskRaw(client: Client, task: string): Promise<string> {
  return client.text("GET", `/tasks/${pathPart("task", task)}`);
}
