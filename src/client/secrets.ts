/** `/secrets/*`. */
import type { Secret, SecretSpec } from "../api/types/swarm.ts";
import type { Client } from "./client.ts";
import type { Filters } from "./containers.ts";
import { pathPart } from "./path.ts";
import { filtersJson } from "./query.ts";

const at = (secret: string, rest = "") => `/secrets/${pathPart("secret", secret)}${rest}`;

/** Those that the filters let through. */
export async function listSecrets(client: Client, filters?: Filters): Promise<Secret[]> {
  return (await client.json<Secret[] | null>("GET", "/secrets", { query: { filters: filtersJson(filters) } })) ?? [];
}

/** One of them, by name or id. Throws {@link ApiError} (404) if there is none. */
export function inspectSecret(client: Client, secret: string): Promise<Secret> {
  return client.json("GET", at(secret));
}

/** As {@link inspectSecret}, as the JSON text that the engine sent. */
export function inspectSecretRaw(client: Client, secret: string): Promise<string> {
  return client.text("GET", at(secret));
}

/** Keeps a secret (`Data`: base64) and returns its id. Throws {@link ApiError} (409) if the name is taken. */
export async function createSecret(client: Client, spec: SecretSpec): Promise<string> {
  const { ID } = await client.json<{ ID: string }>("POST", "/secrets/create", { json: spec });
  return ID;
}

/** Changes the labels of what was read at `version`. */
export async function updateSecret(client: Client, secret: string, version: number, spec: SecretSpec): Promise<void> {
  await client.text("POST", at(secret, "/update"), { query: { version }, json: spec });
}

/** Removes it. Throws {@link ApiError}: 400 while a service uses it. */
export async function removeSecret(client: Client, secret: string): Promise<void> {
  await client.text("DELETE", at(secret));
}
