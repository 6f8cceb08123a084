import type { EventBus } from "../api/events.ts";
import type { Frame } from "../api/stdcopy.ts";
import type { Logger } from "../lib/log.ts";
import type { TaskLogOptions } from "./agent/task-logs.ts";
import type { TaskObject } from "./model/objects.ts";
import type { ClusterStore } from "./store/store.ts";

/** What the verbs of a manager need. */
export interface ManagerDeps {
  store: ClusterStore;
  /** The manager that leads, by its node's id; empty: none is known. */
  leader(): string;
  /**
   * What a task writes, from the node that has it: nothing where it has no container there. Reads only as fast as it is
   * read. Throws `unavailable` where no manager has the node.
   */
  logs(task: TaskObject, options: TaskLogOptions, signal: AbortSignal): AsyncIterable<Frame[]>;
  events: EventBus;
  log: Logger;
}
