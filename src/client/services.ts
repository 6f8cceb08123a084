/** `/services/*`. */
import type { Service } from "../api/types/swarm.ts";
import type { Client } from "./client.ts";
import { pathPart } from "./path.ts";

/** One service as it is kept, by name or id. Throws {@link ApiError} (404) if there is none. */
export function inspectService(client: Client, service: string): Promise<Service> {
  return client.json("GET", `/services/${pathPart("service", service)}`, { query: { insertDefaults: "false" } });
}
