import { errorMessage } from "../../lib/errors.ts";
import { pause } from "../../lib/pause.ts";
import type { ContainerDeps } from "../deps.ts";
import { unwatchHealth } from "../health/health.ts";
import { leaveLogs } from "../logs/log-life.ts";
import { allContainers, runningContainers } from "../table.ts";
import { stop } from "./stop.ts";

/** Milliseconds for what still goes on in the background. */
const patience = 5_000;

/**
 * Lets go of the containers, which run on: no more restarts, probes or notes of exits by this process. The next daemon
 * takes them up again with `restoreContainers`.
 */
export async function releaseContainers(deps: ContainerDeps): Promise<void> {
  deps.live.shuttingDown = true;
  deps.live.exitWatch?.[Symbol.dispose]();
  deps.live.exitWatch = null;
  for (const c of allContainers(deps.store)) {
    deps.live.of(c.id).cancelRestart();
    deps.live.of(c.id).dismissPendingClients();
    unwatchHealth(deps, c);
  }
  await leaveLogs(deps);
  // The next daemon finishes what is cut off here.
  await Promise.race([deps.live.settled(), pause(patience)]);
}

/**
 * Stops every container (`--shutdown-containers`) without noting it as somebody's wish: restart policies bring them
 * back at the next start. `timeout` in seconds, for containers that name none of their own.
 */
export async function shutdownContainers(deps: ContainerDeps, { timeout }: { timeout?: number } = {}): Promise<void> {
  deps.live.shuttingDown = true;
  await Promise.all(
    runningContainers(deps.store).map(async (c) => {
      try {
        await stop(deps, c, timeout === undefined ? {} : { timeout: c.spec.config.StopTimeout ?? timeout });
      } catch (error) {
        deps.log.error("cannot stop a container", { container: c.id, error: errorMessage(error) });
      }
    }),
  );
  await releaseContainers(deps);
}
