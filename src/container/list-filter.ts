import { invalidFilter, type Filters } from "../api/filters.ts";
import type { PortSummary } from "../api/types/container.ts";
import { resolveImage } from "../image/resolve.ts";
import { errorMessage, invalid, isNotFound } from "../lib/errors.ts";
import type { ContainerContext } from "./context.ts";
import { describePorts, describeNetworks } from "./describe.ts";
import { findContainer } from "./lookup.ts";
import { isRunning, ZERO_TIME, type ContainerRecord } from "./record.ts";
import { stateName } from "./status.ts";

const accepted = [
  "ancestor", "before", "exited", "id", "isolation", "label", "name", "status", "health", "since", "volume", "network", "is-task", "publish", "expose",
];
const states = ["created", "running", "paused", "restarting", "removing", "exited", "dead"];
const healths = ["none", "starting", "healthy", "unhealthy"];

/** Turns the filters of a list into one question. Ask it of containers newest first: `before` and `since` count on it. */
export function compileFilter(ctx: ContainerContext, filters: Filters): (c: ContainerRecord) => boolean {
  filters.validate(accepted);
  for (const value of filters.get("status")) requireOneOf("status", "state", value, states);
  for (const value of filters.get("health")) requireOneOf("health", "health", value, healths);
  const exited = filters.get("exited").map((value) => {
    if (!/^[+-]?\d+$/.test(value)) throw invalid(`invalid filter 'exited=${value}': strconv.Atoi: parsing "${value}": invalid syntax`);
    return Number(value);
  });
  const tasks = filters.has("is-task") && filters.matchBool("is-task", false);
  const publish = portSet("publish", filters);
  const expose = portSet("expose", filters);
  const ofAncestor = filters.has("ancestor") ? ancestry(ctx, filters.get("ancestor")) : null;
  const between = position(ctx, filters);

  return (c) =>
    between(c) &&
    !tasks &&
    (filters.matchPattern("name", `/${c.name}`) || filters.matchPattern("name", c.name)) &&
    filters.matchPrefix("id", c.id) &&
    filters.matchLabels(c.spec.config.Labels) &&
    (exited.length === 0 || (exited.includes(c.state.exitCode) && !isRunning(c.state) && c.state.startedAt !== ZERO_TIME)) &&
    filters.matchExact("status", stateName(c.state)) &&
    filters.matchExact("health", c.state.health?.Status ?? "none") &&
    filters.matchAny("volume", (value) => c.spec.mounts.some((point) => point.destination === value || (point.name ?? point.source) === value)) &&
    (ofAncestor === null || ofAncestor(c.imageId)) &&
    filters.matchAny("network", (value) => usesNetwork(c, value)) &&
    matchesPorts(describePorts(c.state.network.Ports), publish, expose);
}

function requireOneOf(filter: string, what: string, value: string, allowed: string[]): void {
  if (!allowed.includes(value)) throw invalid(`invalid filter '${filter}=${value}': invalid value for ${what} (${value}): must be one of ${allowed.join(", ")}`);
}

/** Those created before one container and after another. */
function position(ctx: ContainerContext, filters: Filters): (c: ContainerRecord) => boolean {
  const idOf = (key: string) => filters.get(key).map((ref) => findContainer(ctx, ref).id).at(-1);
  const [before, since] = [idOf("before"), idOf("since")];
  let passedBefore = before === undefined;
  let reachedSince = false;
  return (c) => {
    if (c.id === since) reachedSince = true;
    const inside = passedBefore && !reachedSince;
    if (c.id === before) passedBefore = true;
    return inside;
  };
}

/** Whether an image is one of these or was made on top of one. Names of no image match nothing. */
function ancestry(ctx: ContainerContext, refs: string[]): (imageId: string | null) => boolean {
  const wanted = new Set(refs.map((ref) => imageIdOf(ctx, ref)).filter((id) => id !== ""));
  return (imageId) => {
    for (let id = imageId ?? ""; id !== ""; id = parentOf(ctx, id)) if (wanted.has(id)) return true;
    return false;
  };
}

function imageIdOf(ctx: ContainerContext, ref: string): string {
  try {
    return resolveImage(ctx.images, ref).id;
  } catch (error) {
    ctx.log.debug("cannot look up an ancestor image", { image: ref, error: errorMessage(error) });
    return "";
  }
}

function parentOf(ctx: ContainerContext, id: string): string {
  try {
    return resolveImage(ctx.images, id).parentId;
  } catch (error) {
    if (isNotFound(error)) return "";
    throw error;
  }
}

function usesNetwork(c: ContainerRecord, value: string): boolean {
  const networks = describeNetworks(c).Networks;
  return Object.hasOwn(networks, value) || Object.values(networks).some((endpoint) => value !== "" && (endpoint.NetworkID ?? "").startsWith(value));
}

/** `80`, `80/udp`, `8000-8010/tcp` as a set of `port/protocol`. */
function portSet(key: "publish" | "expose", filters: Filters): Set<string> {
  const ports = new Set<string>();
  for (const value of filters.get(key)) {
    if (value.includes(":")) throw invalid(`filter for '${key}' should not contain ':': ${value}`);
    const match = /^(\d+)(?:-(\d+))?(?:\/(\w+))?$/.exec(value);
    const [from, to] = [Number(match?.[1]), Number(match?.[2] ?? match?.[1])];
    if (!match || from > to || to > 65535) throw invalidFilter(key, [value]);
    for (let port = from; port <= to; port++) ports.add(`${port}/${match[3] ?? "tcp"}`);
  }
  return ports;
}

function matchesPorts(ports: PortSummary[], publish: Set<string>, expose: Set<string>): boolean {
  if (publish.size === 0 && expose.size === 0) return true;
  return ports.some((port) => publish.has(`${port.PublicPort ?? 0}/${port.Type}`) || expose.has(`${port.PrivatePort}/${port.Type}`));
}
