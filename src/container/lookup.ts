import { conflict, invalid, notFound } from "../lib/errors.ts";
import type { ContainerDeps } from "./deps.ts";
import { linkedId } from "./link-table.ts";
import type { ContainerRecord } from "./record.ts";
import { containerById, containerByName, containersByIdPrefix } from "./table.ts";

/**
 * Finds a container by id, name (with or without slash), the name that a link gives it (`parent/alias`) or a piece of
 * the id that means one container only. A container whose creation is still under way is not there yet.
 */
export function findContainer(deps: ContainerDeps, ref: string): ContainerRecord {
  if (!ref) throw invalid(`invalid name or ID supplied: ""`);
  const name = ref.replace(/^\//, "");
  const exact =
    containerById(deps.store, ref) ??
    (name.includes("/") ? containerByLink(deps, name) : containerByName(deps.store, name));
  if (exact && exact.state.phase !== "creating") return exact;
  const matches = containersByIdPrefix(deps.store, ref).filter((c) => c.state.phase !== "creating");
  if (matches.length > 1) throw invalid(`multiple IDs found with provided prefix: ${ref}`);
  const [match] = matches;
  if (!match) throw notFound(`No such container: ${ref}`);
  return match;
}

/** The container of exactly this name; null: there is none. */
export function containerNamed(deps: ContainerDeps, name: string): ContainerRecord | null {
  const c = containerByName(deps.store, name);
  return c && c.state.phase !== "creating" ? c : null;
}

function containerByLink(deps: ContainerDeps, name: string): ContainerRecord | null {
  const slash = name.indexOf("/");
  const id = linkedId(deps.store, name.slice(0, slash), name.slice(slash + 1));
  return id === null ? null : containerById(deps.store, id);
}

/** Finds a container and holds its lock: `using held = await lockContainer(deps, ref)`, then `held.container`. */
export async function lockContainer(
  deps: ContainerDeps,
  ref: string,
): Promise<Disposable & { container: ContainerRecord }> {
  const { id } = findContainer(deps, ref);
  const lock = await deps.locks.acquire(id);
  const container = containerById(deps.store, id);
  if (!container) {
    lock[Symbol.dispose]();
    throw notFound(`No such container: ${ref}`);
  }
  return { container, [Symbol.dispose]: () => lock[Symbol.dispose]() };
}

/** The error `conflict` for a request that needs a running container, with Docker's text. */
export const notRunning = (id: string) => conflict(`container ${id} is not running`);
/** The error `conflict` for a request that comes between two runs of a restart policy, with Docker's text. */
export const isRestarting = (id: string) =>
  conflict(`Container ${id} is restarting, wait until the container is running`);

/** Throws unless there is a process, paused or not. */
export function requireTask(c: ContainerRecord): void {
  if (c.state.phase === "restarting") throw isRestarting(c.id);
  if (c.state.phase !== "running" && c.state.phase !== "paused") throw notRunning(c.id);
}
