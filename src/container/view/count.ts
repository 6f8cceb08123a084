import type { ContainerDeps } from "../deps.ts";
import { allContainers } from "../table.ts";

/** How many containers there are. `running`: also those that wait for their next start; not the paused. */
export function countContainers({ store }: ContainerDeps): { all: number; running: number; paused: number } {
  const phases = allContainers(store).map(({ state }) => state.phase);
  return {
    all: phases.length,
    running: phases.filter((phase) => phase === "running" || phase === "restarting").length,
    paused: phases.filter((phase) => phase === "paused").length,
  };
}
