import { errorMessage } from "../lib/errors.ts";
import { pause } from "../lib/pause.ts";
import type { ContainerContext } from "./context.ts";
import { unwatchHealth } from "./health.ts";
import { allContainers, runningContainers } from "./table.ts";
import { stop } from "./stop.ts";

/** Milliseconds for what still goes on in the background. */
const patience = 5_000;

/**
 * Lets go of the containers, which run on: no more restarts, probes or notes of exits by this process. The next daemon
 * takes them up again with `restoreContainers`.
 */
export async function releaseContainers(ctx: ContainerContext): Promise<void> {
  ctx.live.shuttingDown = true;
  ctx.live.exitWatch?.[Symbol.dispose]();
  ctx.live.exitWatch = null;
  for (const c of allContainers(ctx.store)) {
    ctx.live.of(c.id).cancelRestart();
    ctx.live.of(c.id).dismissPendingClients();
    unwatchHealth(ctx, c);
  }
  // What is cut off here the next daemon finishes.
  await Promise.race([ctx.live.settled(), pause(patience)]);
}

/**
 * Stops every container (`--shutdown-containers`) without noting it as somebody's wish: restart policies bring them
 * back at the next start. `timeout` in seconds, for containers that name none of their own.
 */
export async function shutdownContainers(ctx: ContainerContext, { timeout }: { timeout?: number } = {}): Promise<void> {
  ctx.live.shuttingDown = true;
  await Promise.all(runningContainers(ctx.store).map(async (c) => {
    try {
      await stop(ctx, c, timeout === undefined ? {} : { timeout: c.spec.config.StopTimeout ?? timeout });
    } catch (error) {
      ctx.log.error("cannot stop a container", { container: c.id, error: errorMessage(error) });
    }
  }));
  await releaseContainers(ctx);
}
