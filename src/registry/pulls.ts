import type { RegistryContext } from "./context.ts";
import type { ManifestRow } from "./metadata/manifests.ts";

/** Counts of pulls since the last flush; they are worth no disk write of their own. */
export class PullCounter {
  readonly #pulled = new Map<number, { repository: number; at: number; count: number }>();

  add(manifest: { id: number; repository: number }, at: number): void {
    const entry = this.#pulled.get(manifest.id);
    if (entry) {
      entry.at = at;
      entry.count++;
    } else this.#pulled.set(manifest.id, { repository: manifest.repository, at, count: 1 });
  }

  /** Hands over what was counted and starts again. */
  drain(): { manifest: number; repository: number; at: number; count: number }[] {
    const entries = [...this.#pulled].map(([manifest, entry]) => ({ manifest, ...entry }));
    this.#pulled.clear();
    return entries;
  }
}

export function recordPull(ctx: RegistryContext, row: ManifestRow): void {
  ctx.pulls.add(row, ctx.now());
}

/** Writes the counts down; called every few seconds and at the end. */
export function flushPulls({ db, pulls }: Pick<RegistryContext, "db" | "pulls">): void {
  const entries = pulls.drain();
  if (entries.length === 0) return;
  db.transaction(() => {
    for (const { manifest, repository, at, count } of entries) {
      db.query("UPDATE manifest SET pulled = ? WHERE id = ?").run(at, manifest);
      db.query("UPDATE repository SET pulls = pulls + ? WHERE id = ?").run(count, repository);
    }
  }).immediate();
}
