import { existsSync, renameSync, rmSync } from "node:fs";
import type { Store } from "./store.ts";

/** Where the copy of a database lies: in a file of its own, so that what hurts one need not hurt the other. */
export function copyPathOf(path: string): string {
  return `${path}.copy`;
}

/**
 * Keeps a copy of a database beside it, for the day when the database itself cannot be read: as it is when
 * {@link renew} is called, without the room that is kept in it.
 */
export class StoreCopy {
  #copied = -1;

  constructor(private readonly store: Store) {}

  /** Does nothing where nothing has changed since. Throws what the disk says; the copy before stays then. */
  renew(): void {
    const path = copyPathOf(this.store.filename);
    const changes = this.#changes();
    if (changes === this.#copied && existsSync(path)) return;
    const part = `${path}.part`;
    try {
      rmSync(part, { force: true });
      this.store.run("VACUUM INTO ?", [part]);
      renameSync(part, path);
    } catch (error) {
      rmSync(part, { force: true });
      throw error;
    }
    this.#copied = changes;
  }

  /** Rows that this process has changed. */
  #changes(): number {
    return this.store.query<{ count: number }, []>("SELECT total_changes() AS count").get()?.count ?? 0;
  }
}
