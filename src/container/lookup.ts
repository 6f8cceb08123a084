import { conflict, invalid, notFound } from "../lib/errors.ts";
import type { ContainerContext } from "./context.ts";
import type { ContainerRecord } from "./record.ts";
import { containerById, containerByName, containersByIdPrefix } from "./table.ts";

/**
 * Finds a container by id, name (with or without slash) or a piece of the id that means one container only.
 * A container whose creation is still under way is not there yet.
 */
export function findContainer(ctx: ContainerContext, ref: string): ContainerRecord {
  if (!ref) throw invalid(`invalid name or ID supplied: ""`);
  const exact = containerById(ctx.store, ref) ?? containerByName(ctx.store, ref.replace(/^\//, ""));
  if (exact && exact.state.phase !== "creating") return exact;
  const matches = containersByIdPrefix(ctx.store, ref).filter((c) => c.state.phase !== "creating");
  if (matches.length > 1) throw invalid(`multiple IDs found with provided prefix: ${ref}`);
  const [match] = matches;
  if (!match) throw notFound(`No such container: ${ref}`);
  return match;
}

/** Finds a container and holds its lock: `using held = await lockContainer(ctx, ref)`, then `held.container`. */
export async function lockContainer(ctx: ContainerContext, ref: string): Promise<Disposable & { container: ContainerRecord }> {
  const { id } = findContainer(ctx, ref);
  const lock = await ctx.locks.acquire(id);
  const container = containerById(ctx.store, id);
  if (!container) {
    lock[Symbol.dispose]();
    throw notFound(`No such container: ${ref}`);
  }
  return { container, [Symbol.dispose]: () => lock[Symbol.dispose]() };
}

export const notRunning = (id: string) => conflict(`container ${id} is not running`);
export const isRestarting = (id: string) => conflict(`Container ${id} is restarting, wait until the container is running`);

/** Throws unless there is a process, paused or not. */
export function requireTask(c: ContainerRecord): void {
  if (c.state.phase === "restarting") throw isRestarting(c.id);
  if (c.state.phase !== "running" && c.state.phase !== "paused") throw notRunning(c.id);
}
