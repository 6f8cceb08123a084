import type { ContainerDeps } from "../deps.ts";
import { publish } from "../events.ts";
import { findContainer, requireTask } from "../lookup.ts";

/** Tells the container's terminal its size, in characters. */
export async function resizeContainer(
  deps: ContainerDeps,
  ref: string,
  size: { height: number; width: number },
): Promise<void> {
  const c = findContainer(deps, ref);
  requireTask(c);
  await deps.runtime.resize(c.id, size.width, size.height);
  publish(deps, c, "resize", { height: String(size.height), width: String(size.width) });
}
