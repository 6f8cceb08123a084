/** `/configs/*`. */
import type { Config, ConfigSpec } from "../api/types/swarm.ts";
import type { Client } from "./client.ts";
import type { Filters } from "./containers.ts";
import { pathPart } from "./path.ts";
import { filtersJson } from "./query.ts";

const at = (config: string, rest = "") => `/configs/${pathPart("config", config)}${rest}`;

/** Those that the filters let through. */
export async function listConfigs(client: Client, filters?: Filters): Promise<Config[]> {
  return (await client.json<Config[] | null>("GET", "/configs", { query: { filters: filtersJson(filters) } })) ?? [];
}

/** One of them, by name or id. Throws {@link ApiError} (404) if there is none. */
export function inspectConfig(client: Client, config: string): Promise<Config> {
  return client.json("GET", at(config));
}

/** As {@link inspectConfig}, as the JSON text that the engine sent. */
export function inspectConfigRaw(client: Client, config: string): Promise<string> {
  return client.text("GET", at(config));
}

/** Keeps a config (`Data`: base64) and returns its id. Throws {@link ApiError} (409) if the name is taken. */
export async function createConfig(client: Client, spec: ConfigSpec): Promise<string> {
  const { ID } = await client.json<{ ID: string }>("POST", "/configs/create", { json: spec });
  return ID;
}

/** Changes the labels of what was read at `version`. */
export async function updateConfig(client: Client, config: string, version: number, spec: ConfigSpec): Promise<void> {
  await client.text("POST", at(config, "/update"), { query: { version }, json: spec });
}

/** Removes it. Throws {@link ApiError}: 400 while a service uses it. */
export async function removeConfig(client: Client, config: string): Promise<void> {
  await client.text("DELETE", at(config));
}
