/** `/plugins/*`. */
import type { ProgressEvent } from "../api/progress.ts";
import type { Plugin, PluginPrivilege } from "../api/types/plugin.ts";
import type { Client } from "./client.ts";
import type { Filters } from "./containers.ts";
import { pathPart } from "./path.ts";
import { progress } from "./progress.ts";
import { filtersJson } from "./query.ts";

const at = (plugin: string, rest = "") => `/plugins/${pathPart("plugin", plugin)}${rest}`;
const authHeader = (registryAuth: string | undefined) => ({ "X-Registry-Auth": registryAuth ?? "e30=" });

export function listPlugins(client: Client, filters?: Filters): Promise<Plugin[]> {
  return client.json("GET", "/plugins", { query: { filters: filtersJson(filters) } });
}

/** The engine's own JSON text. */
export function inspectPluginRaw(client: Client, plugin: string): Promise<string> {
  return client.text("GET", at(plugin, "/json"));
}

export function pluginPrivileges(client: Client, remote: string, registryAuth?: string): Promise<PluginPrivilege[]> {
  return client.json("GET", "/plugins/privileges", { query: { remote }, headers: authHeader(registryAuth) });
}

export interface PluginPull {
  remote: string;
  name?: string;
  privileges: readonly PluginPrivilege[];
  registryAuth?: string;
}

export function pullPlugin(client: Client, { remote, name, privileges, registryAuth }: PluginPull): AsyncGenerator<ProgressEvent> {
  return progress(client, "POST", "/plugins/pull", { query: { remote, name }, json: privileges, headers: authHeader(registryAuth) });
}

export function upgradePlugin(client: Client, plugin: string, { remote, privileges, registryAuth }: PluginPull): AsyncGenerator<ProgressEvent> {
  return progress(client, "POST", at(plugin, "/upgrade"), { query: { remote }, json: privileges, headers: authHeader(registryAuth) });
}

export function pushPlugin(client: Client, plugin: string, registryAuth?: string): AsyncGenerator<ProgressEvent> {
  return progress(client, "POST", at(plugin, "/push"), { headers: authHeader(registryAuth) });
}

export async function createPlugin(client: Client, name: string, context: AsyncIterable<Uint8Array>): Promise<void> {
  await client.text("POST", "/plugins/create", { query: { name }, headers: { "Content-Type": "application/x-tar" }, body: context });
}

export async function removePlugin(client: Client, plugin: string, force = false): Promise<void> {
  await client.text("DELETE", at(plugin), { query: { force } });
}

/** `timeout` in seconds; 0 leaves it to the engine. */
export async function enablePlugin(client: Client, plugin: string, timeout = 0): Promise<void> {
  await client.text("POST", at(plugin, "/enable"), { query: { timeout } });
}

export async function disablePlugin(client: Client, plugin: string, force = false): Promise<void> {
  await client.text("POST", at(plugin, "/disable"), { query: { force } });
}

export async function setPlugin(client: Client, plugin: string, settings: readonly string[]): Promise<void> {
  await client.text("POST", at(plugin, "/set"), { json: settings });
}
