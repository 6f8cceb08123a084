/** `/services/*`. */
import type { Service, ServiceSpec } from "../api/types/swarm.ts";
import type { Answer, Client } from "./client.ts";
import type { Filters, LogOptions } from "./containers.ts";
import { pathPart } from "./path.ts";
import { filtersJson } from "./query.ts";
import { unixTime } from "./time.ts";

const at = (service: string, rest = "") => `/services/${pathPart("service", service)}${rest}`;

/** Services that the filters let through; with `status`, with how many tasks each has and should have. */
export async function listServices(client: Client, filters?: Filters, status = false): Promise<Service[]> {
  const query = { filters: filtersJson(filters), status: status ? "true" : undefined };
  return (await client.json<Service[] | null>("GET", "/services", { query })) ?? [];
}

/** One service as it is kept, by name or id. Throws {@link ApiError} (404) if there is none. */
export function inspectService(client: Client, service: string): Promise<Service> {
  return client.json("GET", at(service), { query: { insertDefaults: "false" } });
}

/** One service with what it leaves to the engine, as the JSON text that the engine sent. */
export function inspectServiceRaw(client: Client, service: string): Promise<string> {
  return client.text("GET", at(service), { query: { insertDefaults: "true" } });
}

/** `registryAuth`: base64 JSON, for the nodes to pull the image with. */
export function createService(
  client: Client,
  spec: ServiceSpec,
  registryAuth?: string,
): Promise<{ ID: string; Warnings?: string[] | null }> {
  return client.json("POST", "/services/create", { json: spec, headers: authHeader(registryAuth) });
}

export interface ServiceUpdate {
  /** The version that the service was read at. */
  version: number;
  spec: ServiceSpec;
  registryAuth?: string | undefined;
  /** Whose credentials go on to be used where no others are given. */
  registryAuthFrom?: "spec" | "previous-spec" | undefined;
  /** Back to what it was before its last change; `spec` does not count then. */
  rollback?: boolean | undefined;
}

/** Changes a service. Throws {@link ApiError}: 409 where another has changed it since it was read. */
export function updateService(
  client: Client,
  service: string,
  { version, spec, registryAuth, registryAuthFrom, rollback }: ServiceUpdate,
): Promise<{ Warnings?: string[] | null }> {
  return client.json("POST", at(service, "/update"), {
    query: { registryAuthFrom, rollback: rollback ? "previous" : undefined, version },
    json: spec,
    headers: authHeader(registryAuth),
  });
}

/** Removes a service; its tasks end after it. */
export async function removeService(client: Client, service: string): Promise<void> {
  await client.text("DELETE", at(service));
}

/** The multiplexed output of all tasks of a service, or of one task. `since` as users write it. */
export async function serviceLogs(
  client: Client,
  { service, task }: { service: string; task?: undefined } | { task: string; service?: undefined },
  { since, ...options }: Omit<LogOptions, "until">,
): Promise<Answer> {
  const path = service === undefined ? `/tasks/${pathPart("task", task)}/logs` : at(service, "/logs");
  return client.stream("GET", path, { query: { ...options, since: await unixTime(since, "since") } });
}

function authHeader(registryAuth: string | undefined): Record<string, string> {
  return registryAuth === undefined ? {} : { "X-Registry-Auth": registryAuth };
}
