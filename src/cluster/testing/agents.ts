import type { TaskState } from "../../api/types/swarm.ts";
import type { TaskObject } from "../model/objects.ts";
import { isOver, taskStatus } from "../model/task-status.ts";
import type { MemoryStore } from "./memory-store.ts";

/** Nodes without machines: they report what a node would. */
export class FakeNodes {
  private readonly up = new Set<string>();
  /** By image: what becomes of its tasks. Default: they run. */
  readonly fates = new Map<string, "fails" | "completes" | "rejected">();
  private readonly unlisten: () => void;
  private pending: Timer | undefined;

  constructor(private readonly store: MemoryStore) {
    this.unlisten = store.onChange(() => this.soon());
  }

  async add(
    id: string,
    { labels = {}, cpus = 4 }: { labels?: Record<string, string>; cpus?: number } = {},
  ): Promise<void> {
    const Spec = { Role: "worker" as const, Availability: "active" as const, Labels: labels };
    await this.store.commit([{ put: "node", object: { ID: id, Spec, IngressAddr: "" } }]);
    this.cpus.set(id, cpus);
    await this.come(id);
  }

  private readonly cpus = new Map<string, number>();

  /** It is heard of (again). */
  async come(id: string): Promise<void> {
    this.up.add(id);
    await this.report(id, "ready");
    this.soon();
  }

  /** It is not heard of any more. */
  async vanish(id: string): Promise<void> {
    this.up.delete(id);
    await this.report(id, "down");
  }

  stop(): void {
    this.unlisten();
    clearTimeout(this.pending);
  }

  private async report(id: string, State: "ready" | "down"): Promise<void> {
    const Resources = { NanoCPUs: (this.cpus.get(id) ?? 4) * 1e9, MemoryBytes: 1e10 };
    const Description = { Hostname: id, Platform: { Architecture: "x86_64", OS: "linux" }, Resources };
    const object = { ID: id, Description, Status: { State, Addr: "" }, DataPathAddr: "", ManagerAddr: "" };
    await this.store.commit([{ put: "node-report", object }]);
  }

  private soon(): void {
    this.pending ??= setTimeout(() => {
      this.pending = undefined;
      void this.act();
    }, 1);
  }

  /** Each node brings its tasks one state further. */
  private async act(): Promise<void> {
    for (const task of [...this.store.state.all("task")]) {
      if (!this.up.has(task.NodeID)) continue;
      const { State } = taskStatus(this.store.state, task);
      const next = this.next(task, State);
      if (next) await this.tell(task, next);
    }
  }

  private next(task: TaskObject, now: TaskState): TaskState | null {
    if (isOver(now)) return null;
    if (task.DesiredState === "shutdown" || task.DesiredState === "remove") return "shutdown";
    const fate = this.fates.get(task.Spec.ContainerSpec?.Image ?? "");
    switch (now) {
      case "assigned":
        return fate === "rejected" ? "rejected" : "ready";
      case "ready":
        return task.DesiredState === "ready" ? null : "starting";
      case "starting":
        return fate === "fails" ? "failed" : "running";
      case "running":
        return fate === "completes" ? "complete" : null;
      default:
        return null;
    }
  }

  private async tell({ ID }: TaskObject, State: TaskState): Promise<void> {
    const Status = { State, Timestamp: new Date().toISOString(), Message: State };
    const before = this.store.state.get("task-report", ID)?.RunningSince;
    const RunningSince = before ?? (State === "running" ? Status.Timestamp : undefined);
    const object = { ID, Status, Healthy: State === "running", ...(RunningSince && { RunningSince }) };
    await this.store.commit([{ put: "task-report", object }]);
  }
}
