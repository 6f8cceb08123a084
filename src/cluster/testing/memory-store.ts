import type { Kind } from "../model/objects.ts";
import { type Change, StateMirror } from "../model/state.ts";
import { type ClusterStore, mostWrites, OutOfSequence, type Write } from "../store/store.ts";

/** A store of this process alone, for tests. `time`: RFC 3339. */
export class MemoryStore implements ClusterStore {
  readonly state = new StateMirror();
  private readonly listeners = new Set<(changes: readonly Change[]) => void>();

  constructor(readonly time: () => string = () => new Date().toISOString()) {}

  async commit(writes: readonly Write[]): Promise<number> {
    if (writes.length > mostWrites) throw new RangeError(`more than ${mostWrites} writes in one commit`);
    if (writes.some((write) => !this.holds(write))) throw new OutOfSequence();
    const index = this.state.index + 1;
    const changes: Change[] = [];
    for (const write of writes) {
      if ("check" in write) continue;
      const change = "put" in write ? this.stored(write, index) : removal(write.remove, write.id);
      this.state.apply(change, index);
      changes.push(change);
    }
    for (const listener of this.listeners) listener(changes);
    return index;
  }

  onChange(listener: (changes: readonly Change[]) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  async sync(): Promise<void> {}

  private holds(write: Write): boolean {
    if (write.at === undefined) return true;
    const [kind, id]: [Kind, string] =
      "put" in write ? [write.put, write.object.ID] : ["check" in write ? write.check : write.remove, write.id];
    return (this.state.get(kind, id)?.Version.Index ?? 0) === write.at;
  }

  private stored(write: Extract<Write, { put: Kind }>, index: number): Change {
    const now = this.time();
    const CreatedAt = this.state.get(write.put, write.object.ID)?.CreatedAt ?? now;
    const object = { ...write.object, Version: { Index: index }, CreatedAt, UpdatedAt: now };
    // The border: a write's object is of its kind.
    return { kind: write.put, id: write.object.ID, object } as Change;
  }
}

// The border: an absent object is of every kind.
const removal = (kind: Kind, id: string) => ({ kind, id, object: null }) as Change;
