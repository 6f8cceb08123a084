import { errorMessage } from "../../lib/errors.ts";
import type { ContainerDeps } from "../deps.ts";
import { publish } from "../events.ts";
import { setState } from "../state.ts";
import { containerById } from "../table.ts";

/**
 * Takes note of a container whose memory ran out; it may keep running, with one process fewer or blocked. `maybeTold`:
 * it may be what was noted already. Never rejects.
 */
export async function handleOom(deps: ContainerDeps, id: string, { maybeTold }: { maybeTold: boolean }): Promise<void> {
  try {
    using _ = await deps.locks.acquire(id);
    const c = containerById(deps.store, id);
    // For a container that has ended, its exit has reported it.
    if (!c || (c.state.phase !== "running" && c.state.phase !== "paused") || (maybeTold && c.state.oomKilled)) return;
    setState(deps, c, { oomKilled: true });
    publish(deps, c, "oom");
  } catch (error) {
    deps.log.error("cannot note that a container's memory ran out", { container: id, error: errorMessage(error) });
  }
}
