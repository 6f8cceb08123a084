import { mountRootfs, unmountRootfs } from "../image/rootfs.ts";
import { errorMessage, notFound } from "../lib/errors.ts";
import type { ContainerContext } from "./context.ts";
import type { ContainerRecord } from "./record.ts";
import { containerById } from "./table.ts";

/**
 * The container's root filesystem, mounted for as long as the result is held, whatever starts and ends meanwhile.
 * Takes the container's lock to come and to go.
 */
export async function useRootfs(ctx: ContainerContext, c: ContainerRecord): Promise<AsyncDisposable & { path: string }> {
  using _lock = await ctx.locks.acquire(c.id);
  if (!containerById(ctx.store, c.id)) throw notFound(`No such container: ${c.id}`);
  const live = ctx.live.of(c.id);
  live.rootfsUsers++;
  let held = true;
  const leave = async () => {
    if (!held) return;
    held = false;
    using _ = await ctx.locks.acquire(c.id);
    live.rootfsUsers--;
    const phase = containerById(ctx.store, c.id)?.state.phase;
    if (live.rootfsUsers > 0 || phase === undefined || phase === "running" || phase === "paused" || phase === "starting") return;
    await unmountRootfs(ctx.images, c.id).catch((error: unknown) => {
      ctx.log.warn("cannot unmount a root filesystem", { container: c.id, error: errorMessage(error) });
    });
  };
  try {
    return { path: await mountRootfs(ctx.images, c.id), [Symbol.asyncDispose]: leave };
  } catch (error) {
    live.rootfsUsers--;
    throw error;
  }
}
