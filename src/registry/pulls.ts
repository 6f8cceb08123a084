import type { RegistryDeps } from "./deps.ts";
import type { ManifestRow } from "./metadata/manifests.ts";

/** Counts a pull in memory, so that it costs no write; {@link flushPulls} writes the counts down. */
export function recordPull(deps: RegistryDeps, row: ManifestRow): void {
  deps.pulls.add(row, deps.now());
}

/** Writes the counts down; called every few seconds and at the end. */
export function flushPulls({ db, pulls }: Pick<RegistryDeps, "db" | "pulls">): void {
  const entries = pulls.drain();
  if (entries.length === 0) return;
  db.transaction(() => {
    for (const { manifest, repository, at, count } of entries) {
      db.query("UPDATE manifest SET pulled = ? WHERE id = ?").run(at, manifest);
      db.query("UPDATE repository SET pulls = pulls + ? WHERE id = ?").run(count, repository);
    }
  }).immediate();
}
