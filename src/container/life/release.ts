import { errorMessage } from "../../lib/errors.ts";
import type { ContainerDeps } from "../deps.ts";
import { closeRootfs } from "../files/rootfs-use.ts";
import { endLog } from "../logs/log-life.ts";
import { releaseMounts, releaseShm } from "../mounts/set-up.ts";
import type { ContainerRecord } from "../record.ts";

/**
 * Gives back everything that a start took: task, network, mounts. All of it is found by the container's id, so this
 * serves an exit, a failed start and what a crash left alike. Idempotent. What cannot be given back is logged: the
 * next start or removal tries again. `keepRootfs` where a start follows at once.
 */
export async function release(deps: ContainerDeps, c: ContainerRecord, { keepRootfs = false } = {}): Promise<void> {
  const steps = {
    task: deps.runtime.delete(c.id),
    network: deps.networks.tearDown(c.id),
    mounts: releaseMounts(deps, c),
    shm: releaseShm(deps, c.id),
  };
  await Promise.allSettled(Object.values(steps));
  for (const [step, work] of Object.entries(steps)) {
    await work.catch((error: unknown) =>
      deps.log.warn("cannot release a container's resource", { container: c.id, step, error: errorMessage(error) }),
    );
  }
  endLog(deps, c.id);
  if (!keepRootfs) closeRootfs(deps, c);
}
