import type { TaskState } from "../../api/types/swarm.ts";
import { createContainer } from "../../container/create/create.ts";
import { removeContainer } from "../../container/life/remove.ts";
import { startContainer } from "../../container/life/start.ts";
import { stopContainer } from "../../container/life/stop.ts";
import { containerNamed } from "../../container/lookup.ts";
import { type ContainerRecord, countsAsRunning } from "../../container/record.ts";
import type { RegistryCredentials } from "../../image/remote/credentials.ts";
import { EngineError, errorMessage, isNotFound } from "../../lib/errors.ts";
import type { NetworkObject, TaskObject, TaskReport } from "../model/objects.ts";
import { compareStates, isOver } from "../model/task-status.ts";
import { containerRequest } from "./container-request.ts";
import type { AgentDeps } from "./deps.ts";
import { layTaskFiles, removeTaskFiles, type TaskContents } from "./task-files.ts";
import { ensureImage } from "./task-image.ts";
import { taskIdLabel, taskName } from "./task-name.ts";
import { type Observed, statusOf } from "./task-status.ts";

/** What a task needs of the cluster beside itself. */
export interface TaskSurroundings extends TaskContents {
  /** In the order of the task's. */
  networks: readonly NetworkObject[];
  auth: RegistryCredentials | undefined;
  /** Has networks made on this machine that are not here yet. */
  makeNetworks(networks: readonly NetworkObject[]): Promise<void>;
}

/** What is told of a task. */
export type Told = Pick<TaskReport, "Status" | "Healthy">;

/**
 * A task on this machine, from its assignment until it is not assigned any more. What is to be done next is read off
 * what is wanted and what the container is, every time that one of them changes: so it does not matter who changed it,
 * nor whether this process was there to see.
 */
export class TaskRun {
  #state: TaskState;
  /** What was told last, but for the time. */
  #said = "";
  #wake = () => {};
  #changed = false;
  #closed = false;
  #gone = false;
  #preparing: AbortController | null = null;
  readonly ended: Promise<void>;

  /** `surroundings` is asked when the task is prepared. `state`: what the managers know. */
  constructor(
    private readonly deps: AgentDeps,
    private task: TaskObject,
    state: TaskState,
    private readonly surroundings: () => TaskSurroundings,
    private readonly tell: (told: Told) => void,
  ) {
    this.#state = state;
    this.ended = this.#run();
  }

  /** The task as it is wanted now. */
  update(task: TaskObject): void {
    this.task = task;
    if (this.#mustEnd()) this.#preparing?.abort();
    this.look();
  }

  /** It is not assigned to this machine any more: it is stopped, and nothing of it stays. */
  remove(): void {
    this.#gone = true;
    this.#preparing?.abort();
    this.look();
  }

  /** Lets go of it; the container is left as it is. */
  close(): void {
    this.#closed = true;
    this.#preparing?.abort();
    this.look();
  }

  /** Something has happened to its container. */
  look(): void {
    this.#changed = true;
    this.#wake();
  }

  async #run(): Promise<void> {
    while (!this.#closed) {
      this.#changed = false;
      let done = true;
      try {
        done = await this.#step();
      } catch (error) {
        if (this.#closed) return;
        this.deps.containers.log.error("cannot go on with a task", { task: this.task.ID, error: errorMessage(error) });
        // Whatever it is, it may have passed in a while.
        setTimeout(() => this.look(), 5000).unref();
      }
      if (done && this.#gone) return;
      if (done && !this.#changed) await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  /** Does what is next; true: nothing is, until something changes. */
  async #step(): Promise<boolean> {
    const c = this.#container();
    if (this.#gone) return await this.#removeAll(c);
    if (this.#mustEnd()) return await this.#end(c);
    if (isOver(this.#state)) return true;
    if (this.task.Spec.NetworkAttachmentSpec) return this.#told("running", "started");
    if (!c) return await this.#prepare();
    if (c.state.phase === "created") return await this.#start(c);
    if (countsAsRunning(c.state)) return await this.#watch(c);
    if (c.state.phase === "starting" || c.state.phase === "removing") return true;
    return this.#tellEnd(c);
  }

  #container(): ContainerRecord | null {
    const c = containerNamed(this.deps.containers, taskName(this.task));
    return c?.spec.config.Labels?.[taskIdLabel] === this.task.ID ? c : null;
  }

  #mustEnd(): boolean {
    const { DesiredState } = this.task;
    return this.#gone || (DesiredState !== "complete" && compareStates(DesiredState, "running") > 0);
  }

  async #prepare(): Promise<boolean> {
    if (compareStates(this.#state, "ready") >= 0) {
      return this.#told("failed", "started", { Err: "task: the container is gone", container: null });
    }
    const { containers } = this.deps;
    this.#told("accepted", "accepted");
    this.#told("preparing", "preparing");
    const calledOff = new AbortController();
    this.#preparing = calledOff;
    try {
      const { networks, auth, makeNetworks, ...contents } = this.surroundings();
      const files = layTaskFiles(containers, this.task, contents);
      const request = containerRequest(this.deps, this.task, networks, files);
      await ensureImage(this.deps, request.body.Image ?? "", auth, calledOff.signal);
      await makeNetworks(networks);
      if (!calledOff.signal.aborted) await createContainer(containers, request);
    } catch (error) {
      removeTaskFiles(containers, this.task.ID);
      if (calledOff.signal.aborted) return false;
      return this.#told("rejected", "preparing", { Err: errorMessage(error), container: null });
    } finally {
      this.#preparing = null;
    }
    return false;
  }

  async #start(c: ContainerRecord): Promise<boolean> {
    if (compareStates(this.#state, "ready") < 0) this.#told("ready", "prepared", { container: null });
    if (this.task.DesiredState !== "running" && this.task.DesiredState !== "complete") return true;
    this.#told("starting", "starting", { container: c });
    try {
      await startContainer(this.deps.containers, c.id);
    } catch (error) {
      if (this.#closed || (error instanceof EngineError && error.kind === "not-modified")) return false;
      const failed = this.#container();
      const Err = `starting container failed: ${errorMessage(error)}`;
      return this.#told("failed", "starting", { Err, container: failed ?? c });
    }
    return false;
  }

  async #watch(c: ContainerRecord): Promise<boolean> {
    const health = c.state.health?.Status ?? "none";
    if (health === "unhealthy") {
      await this.#stop(c);
      const Err = ": dockerexec: unhealthy container";
      return this.#tellEnd(this.#container() ?? c, Err);
    }
    if (health === "starting" && compareStates(this.#state, "running") < 0) {
      return this.#told("starting", "starting", { container: c });
    }
    return this.#told("running", "started", { container: c });
  }

  #tellEnd(c: ContainerRecord, why = c.state.oomKilled ? ": the container ran out of memory" : ""): boolean {
    const { exitCode } = c.state;
    if (exitCode === 0 && why === "") return this.#told("complete", "finished", { container: c });
    const Err = `task: non-zero exit (${exitCode})${why}`;
    return this.#told("failed", this.#state === "running" ? "started" : "starting", { Err, container: c });
  }

  async #end(c: ContainerRecord | null): Promise<boolean> {
    const ran = c && countsAsRunning(c.state);
    if (ran) await this.#stop(c);
    if (!ran && isOver(this.#state)) return true;
    return this.#told("shutdown", "shutdown", { container: this.#container() });
  }

  async #stop(c: ContainerRecord): Promise<void> {
    const grace = this.task.Spec.ContainerSpec?.StopGracePeriod ?? 10e9;
    try {
      await stopContainer(this.deps.containers, c.id, { timeout: grace / 1e9 });
    } catch (error) {
      const ended = error instanceof EngineError && error.kind === "not-modified";
      if (!ended && !isNotFound(error)) throw error;
    }
  }

  async #removeAll(c: ContainerRecord | null): Promise<boolean> {
    const { containers } = this.deps;
    if (c) {
      if (countsAsRunning(c.state)) await this.#stop(c);
      await removeContainer(containers, c.id, { force: true, volumes: true }).catch((error: unknown) => {
        if (!isNotFound(error)) throw error;
      });
    }
    removeTaskFiles(containers, this.task.ID);
    return true;
  }

  #told(state: TaskState, message: string, observed: Observed = {}): true {
    const Status = statusOf(state, message, observed);
    const { Timestamp, ...said } = Status;
    if (JSON.stringify(said) === this.#said) return true;
    this.#said = JSON.stringify(said);
    this.#state = state;
    this.tell({ Status, Healthy: state === "running" });
    return true;
  }
}
