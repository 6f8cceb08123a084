import type { ContainerDeps } from "./deps.ts";
import type { ContainerRecord, RunState } from "./record.ts";
import { updateState } from "./table.ts";

/** Changes the observed state, in the record at hand and in the database. */
export function setState(deps: ContainerDeps, c: ContainerRecord, change: Partial<RunState>): void {
  Object.assign(c.state, change);
  updateState(deps.store, c.id, c.state);
}
