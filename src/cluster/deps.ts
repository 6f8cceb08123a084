import type { EventBus } from "../api/events.ts";
import type { Logger } from "../lib/log.ts";
import type { ClusterStore } from "./store/store.ts";

/** What the verbs of a manager need. */
export interface ManagerDeps {
  store: ClusterStore;
  /** The manager that leads, by its node's id; empty: none is known. */
  leader(): string;
  events: EventBus;
  log: Logger;
}
