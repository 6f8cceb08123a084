import type { TaskIo } from "../../runtime/types.ts";

/** A client that waits for a container's streams. */
export interface PendingClient {
  /** Called once: with the streams of the task just made, or null where none will come. */
  connect(io: TaskIo | null): void;
}
