import type { Filters } from "../../api/filters.ts";
import { errorMessage, invalid, isNotFound, notFound } from "../../lib/errors.ts";
import type { ContainerDeps } from "../deps.ts";
import { findContainer } from "../lookup.ts";
import { type ContainerRecord, countsAsRunning, ZERO_TIME } from "../record.ts";
import { describeNetworks, describePorts } from "./describe.ts";
import { portFilter } from "./port-filter.ts";
import { stateName } from "./status.ts";

const accepted = [
  "ancestor",
  "before",
  "exited",
  "id",
  "isolation",
  "label",
  "name",
  "status",
  "health",
  "since",
  "volume",
  "network",
  "is-task",
  "publish",
  "expose",
];
const states = ["created", "running", "paused", "restarting", "removing", "exited", "dead"];
const healths = ["none", "starting", "healthy", "unhealthy"];

/**
 * Turns the filters of a list into one predicate. Call it for all containers, newest first: `before` and `since` rely
 * on that.
 */
export async function compileFilter(deps: ContainerDeps, filters: Filters): Promise<(c: ContainerRecord) => boolean> {
  filters.validate(accepted);
  for (const value of filters.get("status")) requireOneOf("status", "state", value, states);
  for (const value of filters.get("health")) requireOneOf("health", "health", value, healths);
  const exited = filters.integers("exited");
  const tasks = filters.has("is-task") && filters.matchBool("is-task", false);
  const onPorts = portFilter(filters);
  const ofAncestor = filters.has("ancestor") ? ancestry(deps, filters.get("ancestor")) : null;
  const named = await filters.matcher("name");
  const between = position(deps, filters);

  return (c) =>
    between(c) &&
    !tasks &&
    (named(`/${c.name}`) || named(c.name)) &&
    filters.matchAny("id", (value) => value !== "" && c.id.startsWith(value)) &&
    filters.matchLabels(c.spec.config.Labels) &&
    (exited.length === 0 ||
      (exited.includes(c.state.exitCode) && !countsAsRunning(c.state) && c.state.startedAt !== ZERO_TIME)) &&
    filters.matchAny("status", (value) => value === stateName(c.state)) &&
    filters.matchExact("health", c.state.health?.Status ?? "none") &&
    filters.matchAny("volume", (value) =>
      c.spec.mounts.some((point) => point.destination === value || (point.name ?? point.source) === value),
    ) &&
    (ofAncestor === null || ofAncestor(c.imageId)) &&
    filters.matchAny("network", (value) => usesNetwork(c, value)) &&
    onPorts(describePorts(c.state.network.Ports));
}

function requireOneOf(filter: string, what: string, value: string, allowed: string[]): void {
  if (!allowed.includes(value))
    throw invalid(
      `invalid filter '${filter}=${value}': invalid value for ${what} (${value}): must be one of ${allowed.join(", ")}`,
    );
}

/** Those created before one container and after another. */
function position(deps: ContainerDeps, filters: Filters): (c: ContainerRecord) => boolean {
  const idOf = (key: string) =>
    filters
      .get(key)
      .map((ref) => {
        if (ref === "") throw notFound("No such container: ");
        return findContainer(deps, ref).id;
      })
      .at(-1);
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
function ancestry(deps: ContainerDeps, refs: string[]): (imageId: string | null) => boolean {
  const wanted = new Set(refs.map((ref) => imageIdOf(deps, ref)).filter((id) => id !== ""));
  return (imageId) => {
    for (let id = imageId ?? ""; id !== ""; id = parentOf(deps, id)) if (wanted.has(id)) return true;
    return false;
  };
}

function imageIdOf(deps: ContainerDeps, ref: string): string {
  try {
    return deps.images.resolve(ref).id;
  } catch (error) {
    deps.log.debug("cannot look up an ancestor image", { image: ref, error: errorMessage(error) });
    return "";
  }
}

function parentOf(deps: ContainerDeps, id: string): string {
  try {
    return deps.images.resolve(id).parentId;
  } catch (error) {
    if (isNotFound(error)) return "";
    throw error;
  }
}

function usesNetwork(c: ContainerRecord, value: string): boolean {
  const networks = describeNetworks(c).Networks;
  return (
    Object.hasOwn(networks, value) ||
    Object.values(networks).some((endpoint) => (endpoint.NetworkID ?? "").startsWith(value))
  );
}
