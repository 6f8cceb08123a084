import { unavailable } from "../../lib/errors.ts";
import type { Change, ClusterState } from "../model/state.ts";
import type { ClusterStore, Write } from "../store/store.ts";

/** What becomes of a commit: `lost`: it was done, but nobody says so. */
export type Fate = "done" | "refused" | "lost";

/** A store that does not always do as it is told, and in which others write at the worst moment. */
export class FaultyStore implements ClusterStore {
  /** `fate` is asked before each commit; what others do before it they do while it waits. */
  constructor(
    private readonly store: ClusterStore,
    private readonly fate: () => Promise<Fate>,
  ) {}

  get state(): ClusterState {
    return this.store.state;
  }

  async commit(writes: readonly Write[]): Promise<number> {
    const fate = await this.fate();
    if (fate === "refused") throw unavailable("no quorum");
    const index = await this.store.commit(writes);
    if (fate === "lost") throw unavailable("no answer");
    return index;
  }

  onChange(listener: (changes: readonly Change[]) => void): () => void {
    return this.store.onChange(listener);
  }

  sync(): Promise<void> {
    return this.store.sync();
  }
}
