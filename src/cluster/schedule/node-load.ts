import type { GenericResources, TaskSpec } from "../../api/types/swarm.ts";
import type { NodeObject, NodeReport, TaskObject } from "../model/objects.ts";

/** A node as the scheduler sees it: what is left of it, counted on as tasks are given to it. */
export class NodeLoad {
  cpus: number;
  memory: number;
  /** Tasks that are to run on it. */
  total = 0;
  private readonly ofService = new Map<string, number>();
  private readonly failures = new Map<string, number>();
  private readonly hostPorts = new Set<string>();
  /** By kind: how many are left, or which. */
  private readonly generic = new Map<string, number | Set<string>>();

  constructor(
    readonly node: NodeObject,
    readonly report: NodeReport | undefined,
  ) {
    const { NanoCPUs = 0, MemoryBytes = 0, GenericResources = [] } = report?.Description.Resources ?? {};
    this.cpus = NanoCPUs;
    this.memory = MemoryBytes;
    for (const { NamedResourceSpec: named, DiscreteResourceSpec: discrete } of GenericResources) {
      if (discrete?.Kind) this.generic.set(discrete.Kind, discrete.Value ?? 0);
      if (!named?.Kind) continue;
      const known = this.generic.get(named.Kind);
      if (known instanceof Set) known.add(named.Value ?? "");
      else this.generic.set(named.Kind, new Set([named.Value ?? ""]));
    }
  }

  /** Those that are to run on it. */
  tasksOf(serviceId: string): number {
    return this.ofService.get(serviceId) ?? 0;
  }

  /** How many tasks of a spec have failed on it lately. */
  failuresOf(specId: string): number {
    return this.failures.get(specId) ?? 0;
  }

  addFailure(specId: string): void {
    this.failures.set(specId, this.failuresOf(specId) + 1);
  }

  /** What a preference such as `node.labels.rack` finds at it; empty: it has no such label. */
  labelOf(descriptor: string): string {
    const [, scope, name = ""] = /^(node|engine)\.labels\.(.*)$/i.exec(descriptor) ?? [];
    const ofEngine = scope?.toLowerCase() === "engine";
    return (ofEngine ? this.report?.Description.Engine?.Labels : this.node.Spec.Labels)?.[name] ?? "";
  }

  /** Counts a task of the node's. One that is not wanted takes room until it has ended, and counts for nothing else. */
  add(task: TaskObject, isWanted: boolean): void {
    const { NanoCPUs = 0, MemoryBytes = 0 } = task.Spec.Resources?.Reservations ?? {};
    this.cpus -= NanoCPUs;
    this.memory -= MemoryBytes;
    if (isWanted) {
      this.total++;
      this.ofService.set(task.ServiceID, this.tasksOf(task.ServiceID) + 1);
    }
    for (const port of hostPortsOf(task)) this.hostPorts.add(port);
    for (const { NamedResourceSpec: named, DiscreteResourceSpec: discrete } of task.AssignedGenericResources ?? []) {
      const left = this.generic.get(named?.Kind ?? discrete?.Kind ?? "");
      if (left instanceof Set) left.delete(named?.Value ?? "");
      else if (left !== undefined) this.generic.set(discrete?.Kind ?? "", left - (discrete?.Value ?? 0));
    }
  }

  /** What the task has reserved is there. */
  hasResources({ Resources }: TaskSpec): boolean {
    if (!Resources?.Reservations) return true;
    const { NanoCPUs = 0, MemoryBytes = 0 } = Resources.Reservations;
    return NanoCPUs <= this.cpus && MemoryBytes <= this.memory && this.takeGeneric(Resources) !== null;
  }

  hasPorts(task: TaskObject): boolean {
    return hostPortsOf(task).every((port) => !this.hostPorts.has(port));
  }

  /** Which of the node's own kinds of resources the task gets; null: there are not as many. */
  takeGeneric(resources: TaskSpec["Resources"]): GenericResources | null {
    const taken: GenericResources = [];
    for (const { DiscreteResourceSpec: wanted } of resources?.Reservations?.GenericResources ?? []) {
      const { Kind = "", Value = 0 } = wanted ?? {};
      const left = this.generic.get(Kind) ?? 0;
      if ((left instanceof Set ? left.size : left) < Value) return null;
      if (left instanceof Set)
        taken.push(...[...left].slice(0, Value).map((each) => ({ NamedResourceSpec: { Kind, Value: each } })));
      else taken.push({ DiscreteResourceSpec: { Kind, Value } });
    }
    return taken;
  }
}

const hostPortsOf = ({ Ports }: TaskObject): string[] =>
  Ports.filter(({ PublishMode, PublishedPort }) => PublishMode === "host" && PublishedPort).map(
    ({ Protocol = "tcp", PublishedPort }) => `${Protocol}/${PublishedPort}`,
  );
