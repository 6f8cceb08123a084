import { errorMessage, notFound } from "../../lib/errors.ts";
import type { ContainerDeps } from "../deps.ts";
import type { ContainerRecord } from "../record.ts";
import { containerById } from "../table.ts";
import { idsOf, settleIds } from "../user-namespace.ts";

/** Mounts the container's root filesystem, after an unmounting that is still under way. The caller holds the lock. */
export async function openRootfs(deps: ContainerDeps, c: ContainerRecord): Promise<string> {
  await deps.live.of(c.id).unmounting;
  const ids = idsOf(deps, c);
  await settleIds(deps, c, ids);
  return deps.rootfs.mount(c.id, { ...(ids && { ids }) });
}

/**
 * Unmounts the container's root filesystem, unless a copy or export still reads it. The caller holds the lock, but need
 * not wait: the kernel may write out half the disk first. `openRootfs` does wait.
 */
export function closeRootfs(deps: ContainerDeps, c: ContainerRecord): void {
  const live = deps.live.of(c.id);
  if (live.rootfsUsers.size > 0 || live.unmounting) return;
  const work = deps.rootfs
    .unmount(c.id)
    .catch((error: unknown) =>
      deps.log.warn("cannot unmount a root filesystem", { container: c.id, error: errorMessage(error) }),
    )
    .finally(() => (live.unmounting = null));
  live.unmounting = work;
  deps.live.inBackground(work);
}

/**
 * The container's root filesystem, mounted for as long as the result is held, whatever starts and ends meanwhile.
 * Takes the container's lock to come and to go. What is mounted upon it is to be given back first.
 */
export async function useRootfs(deps: ContainerDeps, c: ContainerRecord): Promise<AsyncDisposable & { path: string }> {
  using _ = await deps.locks.acquire(c.id);
  if (!containerById(deps.store, c.id)) throw notFound(`No such container: ${c.id}`);
  const live = deps.live.of(c.id);
  const path = await openRootfs(deps, c);
  const use = Promise.withResolvers<void>();
  live.rootfsUsers.add(use.promise);
  let held = true;
  return {
    path,
    async [Symbol.asyncDispose]() {
      if (!held) return;
      held = false;
      // Before the lock: a removal that holds it waits for this.
      live.rootfsUsers.delete(use.promise);
      use.resolve();
      using _ = await deps.locks.acquire(c.id);
      const phase = containerById(deps.store, c.id)?.state.phase;
      if (phase !== undefined && phase !== "running" && phase !== "paused" && phase !== "starting")
        closeRootfs(deps, c);
    },
  };
}
