import type { Kind, Kinds, TaskObject } from "../model/objects.ts";
import type { ClusterState } from "../model/state.ts";
import type { Draft, Write } from "../store/store.ts";

/** Others than the leader write such, too: what they have written meanwhile must not be undone. */
const isShared = (kind: Kind): boolean => kind === "node" || kind === "service" || kind === "credentials";

/**
 * The state as it will be once what has been planned is written: planners read it and put into it, one after the
 * other, and each sees what those before it did.
 */
export class Workspace implements ClusterState {
  /** Milliseconds since 1970 at which there is something to do, whatever happens until then. */
  wakeAt = Number.POSITIVE_INFINITY;
  private readonly changed = new Map<Kind, Map<string, Kinds[Kind] | null>>();
  private readonly changedByService = new Map<string, Set<string>>();
  private readonly changedByNode = new Map<string, Set<string>>();

  /** `now`: milliseconds since 1970. */
  constructor(
    private readonly base: ClusterState,
    readonly now: number,
  ) {}

  get index(): number {
    return this.base.index;
  }

  get<K extends Kind>(kind: K, id: string): Kinds[K] | undefined {
    const changed = this.of(kind);
    return changed.has(id) ? (changed.get(id) ?? undefined) : this.base.get(kind, id);
  }

  *all<K extends Kind>(kind: K): IterableIterator<Kinds[K]> {
    const changed = this.of(kind);
    for (const object of this.base.all(kind)) if (!changed.has(object.ID)) yield object;
    for (const object of changed.values()) if (object) yield object;
  }

  tasksOfService(serviceId: string): Iterable<TaskObject> {
    return this.tasks(this.base.tasksOfService(serviceId), this.changedByService.get(serviceId), (task) => {
      return task.ServiceID === serviceId;
    });
  }

  tasksOfNode(nodeId: string): Iterable<TaskObject> {
    return this.tasks(this.base.tasksOfNode(nodeId), this.changedByNode.get(nodeId), (task) => task.NodeID === nodeId);
  }

  /** `object` is written; what of it is the store's own is filled in for who reads it here. */
  put<K extends Kind>(kind: K, object: Draft<K>): void {
    const before = this.get(kind, object.ID);
    const now = new Date(this.now).toISOString();
    const full = {
      ...object,
      Version: before?.Version ?? { Index: 0 },
      CreatedAt: before?.CreatedAt ?? now,
      UpdatedAt: now,
    };
    // The border: a draft and what the store adds make the kind's object.
    this.of(kind).set(object.ID, full as unknown as Kinds[K]);
    if (kind === "task") this.note(full as unknown as TaskObject);
  }

  remove(kind: Kind, id: string): void {
    if (this.get(kind, id)) this.of(kind).set(id, null);
  }

  /** There is something to do at this time, in milliseconds since 1970. */
  wake(at: number): void {
    if (at < this.wakeAt) this.wakeAt = at;
  }

  /** All that has been planned. */
  writes(): Write[] {
    const writes: Write[] = [];
    for (const [kind, objects] of this.changed) {
      for (const [id, object] of objects) {
        const before = this.base.get(kind, id);
        if (!object) {
          if (before) writes.push({ remove: kind, id });
          continue;
        }
        const { Version: _version, CreatedAt: _created, UpdatedAt: _updated, ...draft } = object;
        const at = isShared(kind) && { at: before?.Version.Index ?? 0 };
        // The border: an object of a kind makes a write of that kind.
        writes.push({ put: kind, object: draft, ...at } as Write);
      }
    }
    return writes;
  }

  private note(task: TaskObject): void {
    for (const [groups, key] of [
      [this.changedByService, task.ServiceID],
      [this.changedByNode, task.NodeID],
    ] as const) {
      const group = groups.get(key);
      if (group) group.add(task.ID);
      else groups.set(key, new Set([task.ID]));
    }
  }

  private *tasks(
    before: Iterable<TaskObject>,
    touched: ReadonlySet<string> | undefined,
    belongs: (task: TaskObject) => boolean,
  ): Iterable<TaskObject> {
    const changed = this.of("task");
    for (const task of before) if (!changed.has(task.ID)) yield task;
    for (const id of touched ?? []) {
      const task = changed.get(id);
      if (task && belongs(task)) yield task;
    }
  }

  private of<K extends Kind>(kind: K): Map<string, Kinds[K] | null> {
    let objects = this.changed.get(kind);
    if (!objects) this.changed.set(kind, (objects = new Map()));
    // The border: `put` keeps objects under their own kind.
    return objects as Map<string, Kinds[K] | null>;
  }
}
