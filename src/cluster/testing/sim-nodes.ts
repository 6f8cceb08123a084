import type { TaskState } from "../../api/types/swarm.ts";
import type { TaskObject } from "../model/objects.ts";
import { isOver } from "../model/task-status.ts";
import type { MemoryStore } from "./memory-store.ts";

/** A container that is really there, whether anybody hears of it or not. */
interface Container {
  task: TaskObject;
  state: TaskState;
}

/** Machines in a time of their own: each step takes every container one state further, or leaves it for now. */
export class SimNodes {
  readonly containers = new Map<string, Map<string, Container>>();
  private readonly heard = new Set<string>();
  /** How likely a container ends by itself within a step. */
  failing = 0.002;

  /** `random`: from 0 to 1. `clock`: RFC 3339, by the machine's own clock. */
  constructor(
    private readonly store: MemoryStore,
    private readonly random: () => number,
    private readonly clock: (node: string) => string,
  ) {}

  isHeard(id: string): boolean {
    return this.heard.has(id);
  }

  async add(id: string): Promise<void> {
    const Spec = { Role: "worker" as const, Availability: "active" as const, Labels: {} };
    await this.store.commit([{ put: "node", object: { ID: id, Spec, IngressAddr: "" } }]);
    this.containers.set(id, new Map());
    await this.report(id, "ready");
  }

  /** Cut off from the managers, and back: what it runs it runs on. */
  async report(id: string, State: "ready" | "down"): Promise<void> {
    const Engine = { Plugins: [{ Type: "Network", Name: "overlay" }] };
    const Description = { Hostname: id, Platform: { Architecture: "x86_64", OS: "linux" }, Resources: {}, Engine };
    const object = { ID: id, Description, Status: { State, Addr: "" }, DataPathAddr: "", ManagerAddr: "" };
    await this.store.commit([{ put: "node-report", object }]);
    if (State === "down") this.heard.delete(id);
    else this.heard.add(id);
    if (State === "ready") await this.sync(id, true);
  }

  /** The machine is none of the cluster's any more: it stops what it runs when it hears that. */
  forget(id: string): void {
    this.heard.delete(id);
    this.containers.delete(id);
  }

  async step(): Promise<void> {
    for (const id of this.heard) {
      await this.sync(id);
      for (const [taskId, container] of this.containers.get(id) ?? []) {
        if (isOver(container.state) || this.random() < 0.3) continue;
        const next = this.next(container);
        if (next) {
          container.state = next;
          await this.tell(id, taskId, next);
        }
      }
    }
  }

  /** What is really running on machines that managers hear of. */
  running(serviceId: string): TaskObject[] {
    return [...this.heard].flatMap((id) =>
      [...(this.containers.get(id)?.values() ?? [])].flatMap(({ task, state }) =>
        task.ServiceID === serviceId && state === "running" ? [task] : [],
      ),
    );
  }

  /** Takes what it is to have; `atOnce`: ends what has run on without the managers' will before anything else. */
  private async sync(id: string, atOnce = false): Promise<void> {
    const here = this.containers.get(id);
    if (!here) return;
    const assigned = new Map([...this.store.state.tasksOfNode(id)].map((task) => [task.ID, task]));
    for (const taskId of here.keys()) if (!assigned.has(taskId)) here.delete(taskId);
    for (const [taskId, task] of assigned) {
      const known = here.get(taskId);
      if (!known) {
        const report = this.store.state.get("task-report", taskId);
        here.set(taskId, { task, state: report?.Status.State ?? task.Status.State });
        continue;
      }
      known.task = task;
      if (!atOnce || isOver(known.state) || (task.DesiredState !== "shutdown" && task.DesiredState !== "remove"))
        continue;
      known.state = "shutdown";
      await this.tell(id, taskId, "shutdown");
    }
  }

  private next({ task, state }: Container): TaskState | null {
    const { DesiredState } = task;
    if (DesiredState === "shutdown" || DesiredState === "remove") return "shutdown";
    const image = task.Spec.ContainerSpec?.Image ?? "";
    switch (state) {
      case "assigned":
        return image === "gone" ? "rejected" : "preparing";
      case "preparing":
        return "ready";
      case "ready":
        return DesiredState === "ready" ? null : "starting";
      case "starting":
        return image === "bad" ? "failed" : "running";
      case "running":
        return image === "job" ? "complete" : this.random() < this.failing ? "failed" : null;
      default:
        return null;
    }
  }

  private async tell(node: string, ID: string, State: TaskState): Promise<void> {
    const before = this.store.state.get("task-report", ID)?.RunningSince;
    const Status = { State, Timestamp: this.clock(node), Message: State };
    const since = before ?? (State === "running" ? this.store.time() : undefined);
    const object = { ID, Status, Healthy: State === "running", ...(since && { RunningSince: since }) };
    await this.store.commit([{ put: "task-report", object }]);
  }
}
