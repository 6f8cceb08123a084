import type { TaskState } from "../../api/types/swarm.ts";
import type { Store } from "../../store/store.ts";
import type { TaskObject } from "../model/objects.ts";

/** What the database keeps of a task of this machine. */
export interface NodeTask {
  task: TaskObject;
  /** How far it has come. */
  state: TaskState;
}

/** Queries on the table `node_task`. */
interface Row {
  task_json: string;
  state: TaskState;
}

/** Every task that was assigned to this machine and has not been taken away. */
export function nodeTasks(store: Store): NodeTask[] {
  return store
    .query<Row, []>("SELECT task_json, state FROM node_task")
    .all()
    .map(({ task_json, state }) => ({ task: JSON.parse(task_json), state }));
}

/** Notes an assignment, before anything is done for it; `state` is for one that was not known. */
export function putNodeTask(store: Store, task: TaskObject, state: TaskState): void {
  store
    .query(
      "INSERT INTO node_task (id, task_json, state) VALUES (?, ?, ?) " +
        "ON CONFLICT (id) DO UPDATE SET task_json = excluded.task_json",
    )
    .run(task.ID, JSON.stringify(task), state);
}

/** Notes how far a task has come. */
export function setNodeTaskState(store: Store, id: string, state: TaskState): void {
  store.query("UPDATE node_task SET state = ? WHERE id = ?").run(state, id);
}

/** Forgets a task of which nothing is left. */
export function deleteNodeTask(store: Store, id: string): void {
  store.query("DELETE FROM node_task WHERE id = ?").run(id);
}
