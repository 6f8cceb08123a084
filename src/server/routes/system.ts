import type { EngineEvent } from "../../api/event.ts";
import { parseFilters } from "../../api/filters.ts";
import { parseUnixTimestamp } from "../../api/timestamps.ts";
import { errorMessage, invalid } from "../../lib/errors.ts";
import { checkSystem } from "../../storage/check/check.ts";
import { diskItems } from "../../storage/disk.ts";
import { downgrade } from "../compat/responses.ts";
import { type ApiVersion, api } from "../compat/version.ts";
import type { ServerDeps } from "../deps.ts";
import { acceptedType } from "../http/accept.ts";
import { json, stream } from "../http/reply.ts";
import type { ApiRequest, Handler, Route } from "../http/router.ts";
import { diskUsage, diskUsageTypes } from "../system/disk-usage.ts";
import { systemInfo } from "../system/info.ts";
import { systemVersion } from "../system/version.ts";

const pingHeaders = ({ swarm }: ServerDeps) => ({
  "Builder-Version": "2",
  Swarm: swarm.pingState(),
  "Cache-Control": "no-cache, no-store, must-revalidate",
  Pragma: "no-cache",
  "Content-Type": "text/plain; charset=utf-8",
});

const ping: Handler = (deps) => ({ status: 200, headers: pingHeaders(deps), body: "OK" });
const pingHead: Handler = (deps) => ({ status: 200, headers: pingHeaders(deps) });

const version: Handler = (deps) => json(200, systemVersion(deps));

const info: Handler = (deps) => json(200, systemInfo(deps));

const df: Handler = async (deps, { query, version }) => {
  const asked = version < api("1.42") ? [] : query.all("type");
  for (const type of asked)
    if (!diskUsageTypes.some((known) => known === type)) throw invalid(`unknown object type: ${type}`);
  const types = new Set(asked.length === 0 ? diskUsageTypes : diskUsageTypes.filter((type) => asked.includes(type)));
  const verbose = version >= api("1.52") && query.bool("verbose");
  return json(200, await diskUsage(deps, { types, verbose, legacy: !verbose }));
};

const check: Handler = async (deps) => json(200, await checkSystem(deps, { repair: false }));
const repair: Handler = async (deps) => json(200, await checkSystem(deps, { repair: true }));

const disk: Handler = async (deps, request) => json(200, await diskItems(deps, request.signal));

const eventTypes = ["application/jsonl", "application/x-ndjson", "application/json-seq"];

const events: Handler = (deps, request) => {
  const { query, headers, version, signal } = request;
  const since = bound(request, "since");
  const until = bound(request, "until");
  if (since !== null && until !== null && until < since) {
    throw invalid(`\`since\` time (${query.get("since")}) cannot be after \`until\` time (${query.get("until")})`);
  }
  const type =
    acceptedType(headers.get("accept"), eventTypes) ??
    (version < api("1.52") ? "application/json" : "application/jsonl");
  const subscription = deps.events.subscribe({ since, until, filters: parseFilters(query.get("filters")), signal });
  return stream(type, eventLines(subscription, version, type === "application/json-seq" ? "\x1e" : ""));
};

function bound({ query }: ApiRequest, key: string): bigint | null {
  try {
    return parseUnixTimestamp(query.get(key));
  } catch (error) {
    throw invalid(`invalid value for '${key}': ${errorMessage(error)}`);
  }
}

async function* eventLines(
  events: AsyncIterable<EngineEvent>,
  version: ApiVersion,
  start: string,
): AsyncGenerator<string> {
  for await (const event of events) {
    // These came with 1.46.
    if (version < api("1.46") && event.Type === "image" && event.Action === "create") continue;
    yield `${start}${JSON.stringify(downgrade("SystemEvents", version, event), exactly)}\n`;
  }
}

/** A number of JSON holds more digits than one of JavaScript. */
function exactly(_: string, value: unknown): unknown {
  return typeof value === "bigint" ? JSON.rawJSON(String(value)) : value;
}

/** What is about the engine as a whole. */
export const systemRoutes: readonly Route[] = [
  { id: "SystemPing", method: "GET", path: "/_ping", handle: ping },
  { id: "SystemPingHead", method: "HEAD", path: "/_ping", handle: pingHead },
  { id: "SystemVersion", method: "GET", path: "/version", handle: version },
  { id: "SystemInfo", method: "GET", path: "/info", handle: info },
  { id: "SystemDataUsage", method: "GET", path: "/system/df", handle: df },
  { id: "SystemEvents", method: "GET", path: "/events", handle: events },
  { id: "BerthSystemCheck", method: "GET", path: "/berth/system/check", handle: check },
  { id: "BerthSystemDisk", method: "GET", path: "/berth/system/disk", handle: disk },
  { id: "BerthSystemRepair", method: "POST", path: "/berth/system/repair", handle: repair },
];
