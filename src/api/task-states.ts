import type { TaskState } from "./types/swarm.ts";

/** The states of a task that its node or the leader tells of, in the order in which it may pass through them. */
export const taskStates: readonly TaskState[] = [
  "new",
  "allocated",
  "pending",
  "assigned",
  "accepted",
  "preparing",
  "ready",
  "starting",
  "running",
  "complete",
  "shutdown",
  "failed",
  "rejected",
];
