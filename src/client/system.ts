/** `/info`, `/version`, `/system/df`, `/auth`, `/events`. */
import { decodeJsonLines } from "../api/json-lines.ts";
import type { AuthConfig, AuthResponse, EventMessage, SystemInfo, SystemVersion } from "../api/types/system.ts";
import type { Client } from "./client.ts";
import type { Filters } from "./containers.ts";
import { filtersJson } from "./query.ts";
import { unixTime } from "./time.ts";

export function engineInfo(client: Client): Promise<SystemInfo> {
  return client.json("GET", "/info");
}

/** The engine's own JSON text. */
export function engineInfoRaw(client: Client): Promise<string> {
  return client.text("GET", "/info");
}

export function engineVersion(client: Client): Promise<SystemVersion> {
  return client.json("GET", "/version");
}

/** The engine's own JSON text. */
export function engineVersionRaw(client: Client): Promise<string> {
  return client.text("GET", "/version");
}

/** The shape depends on the API version, so it is the caller's to read. `types`: container, image, volume, build-cache; none: all. */
export function diskUsage(client: Client, options: { types?: readonly string[]; verbose?: boolean } = {}): Promise<unknown> {
  return client.json("GET", "/system/df", { query: { type: options.types, verbose: options.verbose } });
}

export function checkAuth(client: Client, auth: AuthConfig): Promise<AuthResponse> {
  return client.json("POST", "/auth", { json: auth });
}

export async function* engineEvents(client: Client, options: { since?: string; until?: string; filters?: Filters; signal?: AbortSignal } = {}): AsyncGenerator<EventMessage> {
  const { since, until, filters, signal } = options;
  const { body } = await client.stream("GET", "/events", { query: { since: await unixTime("since", since), until: await unixTime("until", until), filters: filtersJson(filters) }, ...(signal && { signal }) });
  for await (const value of decodeJsonLines(body)) if (typeof value === "object" && value !== null) yield value;
}

/** Events as the JSON texts that the engine sent, one each: their nanoseconds are more than a number holds. */
export async function* engineEventLines(client: Client, options: { since?: string; until?: string; filters?: Filters; signal?: AbortSignal } = {}): AsyncGenerator<string> {
  const { since, until, filters, signal } = options;
  const { body } = await client.stream("GET", "/events", { query: { since: await unixTime("since", since), until: await unixTime("until", until), filters: filtersJson(filters) }, ...(signal && { signal }) });
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of body) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) if (line.trim() !== "") yield line;
  }
  if (rest.trim() !== "") yield rest;
}
