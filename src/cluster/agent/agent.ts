import type { TaskState } from "../../api/types/swarm.ts";
import type { RegistryCredentials } from "../../image/remote/credentials.ts";
import { errorMessage } from "../../lib/errors.ts";
import type { Overlay } from "../dispatch/overlays.ts";
import type { ConfigObject, NetworkObject, SecretObject, TaskObject } from "../model/objects.ts";
import type { AgentDeps } from "./deps.ts";
import { TaskNetworks } from "./networks.ts";
import { deleteNodeTask, nodeTasks, putNodeTask, setNodeTaskState } from "./table.ts";
import { sweepTaskFiles } from "./task-files.ts";
import { taskIdLabel } from "./task-name.ts";
import { TaskRun, type TaskSurroundings, type Told } from "./task-run.ts";

/** A task as managers hand it to its node. */
export interface AssignedTask {
  task: TaskObject;
  /** How far it has come, as they know it. */
  state: TaskState;
  auth?: RegistryCredentials;
}

/** All that a node is to have, by id. */
export interface Assignments {
  tasks: ReadonlyMap<string, AssignedTask>;
  secrets: ReadonlyMap<string, SecretObject>;
  configs: ReadonlyMap<string, ConfigObject>;
  networks: ReadonlyMap<string, NetworkObject>;
  overlays: ReadonlyMap<string, Overlay>;
}

const nothing: Assignments = {
  tasks: new Map(),
  secrets: new Map(),
  configs: new Map(),
  networks: new Map(),
  overlays: new Map(),
};

/**
 * Runs the tasks of this machine. It begins with those that it was given before it was ended last; managers say later
 * whether these are still wanted. Until then, and whenever no manager can be reached, everything runs on as it is.
 */
export class Agent {
  readonly #runs = new Map<string, TaskRun>();
  readonly #watching = new AbortController();
  readonly #networks: TaskNetworks;
  #assignments = nothing;
  /** What was told of each task last. */
  readonly told = new Map<string, Told>();

  /** `tell` hears of each task that something is to be said of. */
  constructor(
    private readonly deps: AgentDeps,
    private readonly tell: (taskId: string, told: Told) => void,
  ) {
    this.#networks = new TaskNetworks(deps);
    void this.#watch();
    const known = nodeTasks(deps.containers.store);
    sweepTaskFiles(deps.containers, new Set(known.map(({ task }) => task.ID)));
    for (const { task, state } of known) this.#begin(task, state);
  }

  /** This is all that the machine is to run now. */
  assign(assignments: Assignments): void {
    this.#assignments = assignments;
    this.#networks.tell(assignments);
    const { store } = this.deps.containers;
    for (const { task, state } of assignments.tasks.values()) {
      putNodeTask(store, task, state);
      const run = this.#runs.get(task.ID);
      if (run) run.update(task);
      else this.#begin(task, state);
    }
    for (const [id, run] of this.#runs) if (!assignments.tasks.has(id)) this.#end(id, run);
  }

  /** Takes everything away that it runs: the machine leaves the cluster. */
  async removeAll(): Promise<void> {
    this.assign(nothing);
    await Promise.all([...this.#runs.values()].map(({ ended }) => ended));
    await this.#networks.removeUnused();
    this.close();
  }

  /** Lets go; containers run on. */
  close(): void {
    this.#watching.abort();
    for (const run of this.#runs.values()) run.close();
  }

  #begin(task: TaskObject, state: TaskState): void {
    const { store } = this.deps.containers;
    const run = new TaskRun(
      this.deps,
      task,
      state,
      () => this.#surroundings(task.ID),
      (told) => {
        setNodeTaskState(store, task.ID, told.Status.State);
        this.told.set(task.ID, told);
        this.tell(task.ID, told);
      },
    );
    this.#runs.set(task.ID, run);
  }

  #end(id: string, run: TaskRun): void {
    run.remove();
    void run.ended.then(() => {
      if (this.#watching.signal.aborted || this.#runs.get(id) !== run) return;
      this.#runs.delete(id);
      this.told.delete(id);
      deleteNodeTask(this.deps.containers.store, id);
      void this.#networks.removeUnused();
      // It may have been given back meanwhile.
      const again = this.#assignments.tasks.get(id);
      if (again) this.assign(this.#assignments);
    });
  }

  #surroundings(taskId: string): TaskSurroundings {
    const { tasks, secrets, configs, networks } = this.#assignments;
    const assigned = tasks.get(taskId);
    return {
      secrets,
      configs,
      networks: (assigned?.task.Networks ?? []).flatMap(({ NetworkID }) => networks.get(NetworkID) ?? []),
      auth: assigned?.auth,
      makeNetworks: (networks) => this.#networks.make(networks),
    };
  }

  /** Tells each run of what happens to its container. */
  async #watch(): Promise<void> {
    const { events, log } = this.deps.containers;
    const { signal } = this.#watching;
    while (!signal.aborted) {
      try {
        for await (const { Type, Actor } of events.subscribe({ signal })) {
          const id = Type === "container" ? Actor.Attributes[taskIdLabel] : undefined;
          if (id !== undefined) this.#runs.get(id)?.look();
        }
      } catch (error) {
        log.warn("events of tasks were lost: looking at all of them", { error: errorMessage(error) });
        for (const run of this.#runs.values()) run.look();
      }
    }
  }
}
