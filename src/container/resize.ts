import { resizeTask } from "../runtime/resize.ts";
import type { ContainerContext } from "./context.ts";
import { publish } from "./events.ts";
import { findContainer, requireTask } from "./lookup.ts";

/** Tells the container's terminal its size, in characters. */
export async function resizeContainer(ctx: ContainerContext, ref: string, size: { height: number; width: number }): Promise<void> {
  const c = findContainer(ctx, ref);
  requireTask(c);
  await resizeTask(ctx.runtime, c.id, size.width, size.height);
  publish(ctx, c, "resize", { height: String(size.height), width: String(size.width) });
}
