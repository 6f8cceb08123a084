/** `/info`, `/version`, `/system/df`, `/auth`, `/events`. */
import { decodeJsonLines } from "../api/json-lines.ts";
import type { CheckItem, DiskItem } from "../api/types/check.ts";
import type { AuthConfig, AuthResponse, EventMessage, SystemInfo } from "../api/types/system.ts";
import type { Client } from "./client.ts";
import type { Filters } from "./containers.ts";
import { filtersJson } from "./query.ts";
import { unixTime } from "./time.ts";

/** The engine's own JSON text. */
export function engineInfoRaw(client: Client): Promise<string> {
  return client.text("GET", "/info");
}

/** What the engine is and has. Fields depend on the engine and its version: an older one leaves some out. */
export function engineInfo(client: Client): Promise<SystemInfo> {
  return client.json("GET", "/info");
}

/** The answer of `GET /version`, as the JSON text that the engine sent. */
export function engineVersionRaw(client: Client): Promise<string> {
  return client.text("GET", "/version");
}

/**
 * The shape depends on the API version, so it is the caller's to read. `types`: container, image, volume, build-cache;
 * none: all.
 */
export function diskUsage(
  client: Client,
  options: { types?: readonly string[]; verbose?: boolean } = {},
): Promise<unknown> {
  return client.json("GET", "/system/df", { query: { type: options.types, verbose: options.verbose } });
}

/** Has the engine try a user's credentials at their registry. Throws {@link ApiError} (401) if they are refused. */
export function checkAuth(client: Client, auth: AuthConfig): Promise<AuthResponse> {
  return client.json("POST", "/auth", { json: auth });
}

/** Yields events as they happen, until `until` or `signal`. With `since`, first those kept from then on. */
export async function* engineEvents(
  client: Client,
  options: { since?: string; until?: string; filters?: Filters; signal?: AbortSignal } = {},
): AsyncGenerator<EventMessage> {
  const { since, until, filters, signal } = options;
  const { body } = await client.stream("GET", "/events", {
    query: { since: await unixTime(since), until: await unixTime(until), filters: filtersJson(filters) },
    ...(signal && { signal }),
  });
  for await (const value of decodeJsonLines(body)) if (typeof value === "object" && value !== null) yield value;
}

/** Events as the JSON texts that the engine sent, one each: their nanoseconds are more than a number holds. */
export async function* engineEventLines(
  client: Client,
  options: { since?: string; until?: string; filters?: Filters; signal?: AbortSignal } = {},
): AsyncGenerator<string> {
  const { since, until, filters, signal } = options;
  const { body } = await client.stream("GET", "/events", {
    query: { since: await unixTime(since), until: await unixTime(until), filters: filtersJson(filters) },
    ...(signal && { signal }),
  });
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of body) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) if (line.trim() !== "") yield line;
  }
  if (rest.trim() !== "") yield rest;
}

/** The engine's own: what of it belongs to nothing, and networks as the kernel has them. `repair`: it is put right. */
export function checkSystem(client: Client, { repair }: { repair: boolean }): Promise<CheckItem[]> {
  return repair ? client.json("POST", "/berth/system/repair") : client.json("GET", "/berth/system/check");
}

/** The engine's own: what its data root takes on its filesystem, by what it is. */
export function diskItems(client: Client): Promise<DiskItem[]> {
  return client.json("GET", "/berth/system/disk");
}
