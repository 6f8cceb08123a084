import { errorMessage } from "../../lib/errors.ts";
import type { Logger } from "../../lib/log.ts";
import type { ClusterState } from "../model/state.ts";
import { commitOver } from "../store/guarded.ts";
import type { ClusterStore, Write } from "../store/store.ts";
import type { TaskWord } from "./messages.ts";

/** What is written at once waits so many milliseconds for more. */
const gather = 20;
/** Each takes a condition, too. */
const mostAtOnce = 50;
const retry = 500;

/** Writes down what nodes say of their tasks, many at a time; what cannot be written now is tried again. */
export class TaskReports {
  #waiting = new Map<string, TaskWord & { nodeId: string }>();
  #timer: Timer | null = null;
  #closed = false;

  constructor(
    private readonly store: ClusterStore,
    private readonly log: Logger,
  ) {}

  /** A node may speak of the tasks that are its own. */
  add(nodeId: string, words: readonly TaskWord[]): void {
    for (const word of words) this.#waiting.set(word.id, { ...word, nodeId });
    if (words.length > 0) this.#schedule(gather);
  }

  close(): void {
    this.#closed = true;
    if (this.#timer) clearTimeout(this.#timer);
  }

  #schedule(delay: number): void {
    if (!this.#closed) this.#timer ??= setTimeout(() => void this.#flush(), delay);
  }

  async #flush(): Promise<void> {
    const batch = [...this.#waiting.values()].slice(0, mostAtOnce);
    for (const { id } of batch) this.#waiting.delete(id);
    let pause = gather;
    try {
      await commitOver(this.store, (state) => batch.flatMap((word) => reportOf(state, word)));
    } catch (error) {
      this.log.warn("cannot write down what nodes say of tasks", { error: errorMessage(error) });
      // What came meanwhile is newer.
      this.#waiting = new Map([...batch.map((word) => [word.id, word] as const), ...this.#waiting]);
      pause = retry;
    }
    this.#timer = null;
    if (this.#waiting.size > 0) this.#schedule(pause);
  }
}

function reportOf(state: ClusterState, { id, nodeId, Status, Healthy }: TaskWord & { nodeId: string }): Write[] {
  const task = state.get("task", id);
  if (task?.NodeID !== nodeId) return [];
  const before = state.get("task-report", id);
  if (before && before.Healthy === Healthy && JSON.stringify(before.Status) === JSON.stringify(Status)) return [];
  const RunningSince = before?.RunningSince ?? (Status.State === "running" ? new Date().toISOString() : undefined);
  return [
    { check: "task", id, at: task.Version.Index },
    { put: "task-report", object: { ID: id, Status, Healthy, ...(RunningSince && { RunningSince }) } },
  ];
}
