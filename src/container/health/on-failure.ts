import type { ContainerConfig, HealthAction, HostConfig } from "../../api/types/container.ts";
import { errorMessage, invalid } from "../../lib/errors.ts";
import type { ContainerDeps } from "../deps.ts";
import { killAndWait } from "../life/kill.ts";
import { stop } from "../life/stop.ts";
import { type ContainerRecord, countsAsRunning, type RunState } from "../record.ts";
import { containerById } from "../table.ts";

/**
 * Throws where an order depends on a health check that the container does not have. `config` is merged with the
 * image's.
 */
export function validateHealthAction(config: ContainerConfig, action: HealthAction | null | undefined): void {
  const kind = config.Healthcheck?.Test?.[0];
  if (action && action !== "none" && (!kind || kind === "NONE"))
    throw invalid(`invalid health on-failure action: '${action}' needs a health check, and the container has none`);
}

/**
 * What a verdict of "unhealthy" orders, to be written down with it: what is ordered is carried out, by the next daemon
 * if need be. Stopping and killing are meant to last, as if somebody had asked for them.
 */
export function orderOf(host: HostConfig): Partial<Pick<RunState, "ordered" | "manuallyStopped">> {
  const action = host.HealthOnFailure ?? "none";
  if (action === "none") return {};
  return { ordered: action, ...(action !== "restart" && { manuallyStopped: true }) };
}

/**
 * Carries out what the last verdict ordered, if anything: the container ends here, and where it is to start again the
 * exit goes on to that, after the restart policy's wait. Never rejects: the next failed check orders it again.
 * The caller does not hold the lock.
 */
export async function obeyVerdict(deps: ContainerDeps, id: string): Promise<void> {
  const c = containerById(deps.store, id);
  const ordered = c?.state.ordered;
  if (!c || !ordered || c.state.phase !== "running" || deps.live.shuttingDown) return;
  deps.log.info("container is unhealthy", { container: id, action: ordered });
  try {
    if (ordered === "kill") await killAndWait(deps, c, ordered);
    else await stop(deps, c, { ordered });
  } catch (error) {
    if (stillRuns(deps, c))
      deps.log.error("cannot end an unhealthy container", { container: id, error: errorMessage(error) });
  }
}

function stillRuns(deps: ContainerDeps, { id }: ContainerRecord): boolean {
  const now = containerById(deps.store, id);
  return now !== null && countsAsRunning(now.state);
}
