import { type Kind, type Kinds, kinds, type TaskObject } from "./objects.ts";

/** A change of one object: `null`: it went. */
export type Change = { [K in Kind]: { kind: K; id: string; object: Kinds[K] | null } }[Kind];

/**
 * What the cluster is at one moment, to be read by planners and verbs. Objects are never changed in place: whoever
 * wants one changed writes another through the store.
 */
export interface ClusterState {
  /** The number of the last write that it shows; `Version.Index` of the newest object. */
  readonly index: number;
  /** Undefined: there is none. */
  get<K extends Kind>(kind: K, id: string): Kinds[K] | undefined;
  all<K extends Kind>(kind: K): IterableIterator<Kinds[K]>;
  /** Those of one service, in no order. */
  tasksOfService(serviceId: string): Iterable<TaskObject>;
  /** Those that are placed on one node, in no order. */
  tasksOfNode(nodeId: string): Iterable<TaskObject>;
}

/** A {@link ClusterState} that changes are put into, in the order in which they were written. */
export class StateMirror implements ClusterState {
  index = 0;
  private readonly objects = new Map<Kind, Map<string, Kinds[Kind]>>(kinds.map((kind) => [kind, new Map()]));
  private readonly byService = new Grouping((task) => task.ServiceID);
  private readonly byNode = new Grouping((task) => task.NodeID);

  get<K extends Kind>(kind: K, id: string): Kinds[K] | undefined {
    return this.of(kind).get(id);
  }

  all<K extends Kind>(kind: K): IterableIterator<Kinds[K]> {
    return this.of(kind).values();
  }

  tasksOfService(serviceId: string): Iterable<TaskObject> {
    return this.byService.members(serviceId);
  }

  tasksOfNode(nodeId: string): Iterable<TaskObject> {
    return this.byNode.members(nodeId);
  }

  /** Takes in one change of the write with this number. */
  apply(change: Change, index: number): void {
    if (index > this.index) this.index = index;
    if (change.kind === "task") {
      const before = this.get("task", change.id);
      if (before) for (const grouping of [this.byService, this.byNode]) grouping.remove(before);
      if (change.object) for (const grouping of [this.byService, this.byNode]) grouping.add(change.object);
    }
    const objects = this.objects.get(change.kind);
    if (change.object) objects?.set(change.id, change.object);
    else objects?.delete(change.id);
  }

  private of<K extends Kind>(kind: K): Map<string, Kinds[K]> {
    // The border: `apply` puts objects under their own kind only.
    return this.objects.get(kind) as Map<string, Kinds[K]>;
  }
}

/** Tasks by something that they have in common. */
class Grouping {
  private readonly groups = new Map<string, Map<string, TaskObject>>();
  constructor(private readonly keyOf: (task: TaskObject) => string) {}

  members(key: string): Iterable<TaskObject> {
    return this.groups.get(key)?.values() ?? [];
  }

  add(task: TaskObject): void {
    const key = this.keyOf(task);
    const group = this.groups.get(key);
    if (group) group.set(task.ID, task);
    else this.groups.set(key, new Map([[task.ID, task]]));
  }

  remove(task: TaskObject): void {
    const key = this.keyOf(task);
    const group = this.groups.get(key);
    group?.delete(task.ID);
    if (group?.size === 0) this.groups.delete(key);
  }
}
