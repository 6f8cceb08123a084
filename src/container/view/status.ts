import type { ContainerState } from "../../api/types/container.ts";
import { humanDuration } from "../../lib/duration.ts";
import { countsAsRunning, type RunState, ZERO_TIME } from "../record.ts";

/** The words that the API has for a container's state: `created`, `running`, … */
export type StateName = NonNullable<NonNullable<ContainerState>["Status"]>;

/** The one word of `State.Status`. */
export function stateName(state: RunState): StateName {
  switch (state.phase) {
    case "creating":
      return "created";
    case "starting":
      return state.startedAt === ZERO_TIME ? "created" : "exited";
    default:
      return state.phase;
  }
}

/** The STATUS column of `docker ps`. */
export function statusText(state: RunState, now: number = Date.now()): string {
  const since = (time: string) => humanDuration(now - Date.parse(time));
  switch (state.phase) {
    case "running":
    case "paused": {
      const up = `Up ${since(state.startedAt)}`;
      if (state.phase === "paused") return `${up} (Paused)`;
      if (!state.health || state.health.Status === "none") return up;
      return `${up} (${state.health.Status === "starting" ? "health: starting" : state.health.Status})`;
    }
    case "restarting":
      return `Restarting (${state.exitCode}) ${since(state.finishedAt)} ago`;
    case "removing":
      return "Removal In Progress";
    case "dead":
      return "Dead";
    default:
      if (state.startedAt === ZERO_TIME) return "Created";
      return state.finishedAt === ZERO_TIME ? "" : `Exited (${state.exitCode}) ${since(state.finishedAt)} ago`;
  }
}

/** The wire shape of inspect. */
export function describeState(state: RunState): NonNullable<ContainerState> {
  return {
    Status: stateName(state),
    Running: countsAsRunning(state),
    Paused: state.phase === "paused",
    Restarting: state.phase === "restarting",
    OOMKilled: state.oomKilled,
    Dead: state.phase === "dead",
    Pid: state.pid,
    ExitCode: state.exitCode,
    Error: state.error,
    StartedAt: state.startedAt,
    FinishedAt: state.finishedAt,
    ...(state.health && { Health: state.health }),
  };
}
