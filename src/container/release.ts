import { errorMessage } from "../lib/errors.ts";
import { tearDownSandbox } from "../network/tear-down.ts";
import { deleteTask } from "../runtime/delete.ts";
import type { ContainerContext } from "./context.ts";
import { releaseMounts, releaseShm } from "./mounts/set-up.ts";
import type { ContainerRecord } from "./record.ts";
import { closeRootfs } from "./rootfs-use.ts";

/**
 * Gives back everything that a start took: task, network, mounts. All of it is found by the container's id, so this
 * serves an exit, a failed start and what a crash left alike. Idempotent. What cannot be given back is logged: the
 * next start or removal tries again. `keepRootfs` where a start follows at once.
 */
export async function release(ctx: ContainerContext, c: ContainerRecord, { keepRootfs = false } = {}): Promise<void> {
  const steps = {
    task: deleteTask(ctx.runtime, c.id),
    network: tearDownSandbox(ctx.networks, c.id),
    mounts: releaseMounts(ctx, c),
    shm: releaseShm(ctx, c.id),
  };
  await Promise.allSettled(Object.values(steps));
  for (const [step, work] of Object.entries(steps)) {
    await work.catch((error: unknown) => ctx.log.warn("cannot release a container's resource", { container: c.id, step, error: errorMessage(error) }));
  }
  if (!keepRootfs) closeRootfs(ctx, c);
}
