import { mountRootfs, unmountRootfs } from "../image/rootfs.ts";
import { errorMessage, notFound } from "../lib/errors.ts";
import type { ContainerContext } from "./context.ts";
import type { ContainerRecord } from "./record.ts";
import { containerById } from "./table.ts";

/** Mounts the container's root filesystem, after an unmounting that is still under way. The caller holds the lock. */
export async function openRootfs(ctx: ContainerContext, c: ContainerRecord): Promise<string> {
  await ctx.live.of(c.id).unmounting;
  return mountRootfs(ctx.images, c.id);
}

/**
 * Lets go of the container's root filesystem, unless somebody still reads it. The caller holds the lock, but need not
 * wait: the kernel may write out half the disk first. `openRootfs` does wait.
 */
export function closeRootfs(ctx: ContainerContext, c: ContainerRecord): void {
  const live = ctx.live.of(c.id);
  if (live.rootfsUsers > 0 || live.unmounting) return;
  const work = unmountRootfs(ctx.images, c.id)
    .catch((error: unknown) => ctx.log.warn("cannot unmount a root filesystem", { container: c.id, error: errorMessage(error) }))
    .finally(() => (live.unmounting = null));
  live.unmounting = work;
  ctx.live.inBackground(work);
}

/**
 * The container's root filesystem, mounted for as long as the result is held, whatever starts and ends meanwhile.
 * Takes the container's lock to come and to go.
 */
export async function useRootfs(ctx: ContainerContext, c: ContainerRecord): Promise<AsyncDisposable & { path: string }> {
  using _ = await ctx.locks.acquire(c.id);
  if (!containerById(ctx.store, c.id)) throw notFound(`No such container: ${c.id}`);
  const live = ctx.live.of(c.id);
  const path = await openRootfs(ctx, c);
  live.rootfsUsers++;
  let held = true;
  return {
    path,
    async [Symbol.asyncDispose]() {
      if (!held) return;
      held = false;
      using _ = await ctx.locks.acquire(c.id);
      live.rootfsUsers--;
      const phase = containerById(ctx.store, c.id)?.state.phase;
      if (phase !== undefined && phase !== "running" && phase !== "paused" && phase !== "starting") closeRootfs(ctx, c);
    },
  };
}
