import type { RegistryDeps } from "../deps.ts";
import { removeManifest } from "../metadata/delete-manifest.ts";
import type { RetentionRule } from "../options.ts";
import { matchesName } from "../patterns.ts";

interface TagAge {
  name: string;
  manifest: number;
  updated: number;
  pulled: number | null;
}

/**
 * Which of a repository's tags a rule removes. A tag goes when everything that the rule says speaks for it: it is not
 * among the latest `keepLast`, it is older than `olderThan`, nobody pulled it for `unpulled`. Tags in `kept` are
 * neither removed nor counted.
 */
export function expiredTags(
  rule: RetentionRule,
  kept: readonly string[],
  tags: readonly TagAge[],
  now: number,
): TagAge[] {
  const { keepLast, olderThan, unpulled } = rule;
  if (keepLast === undefined && olderThan === undefined && unpulled === undefined) return [];
  return tags
    .filter(({ name }) => !matchesName(kept, name))
    .toSorted((a, b) => b.updated - a.updated || (a.name < b.name ? 1 : -1))
    .filter(
      ({ updated, pulled }, index) =>
        (keepLast === undefined || index >= keepLast) &&
        (olderThan === undefined || updated < now - olderThan) &&
        (unpulled === undefined || Math.max(updated, pulled ?? 0) < now - unpulled),
    );
}

/**
 * Applies the retention rules: removes expired tags, and marks the images that lose their last one, which then go after
 * the time of grace; removes manifests that have been without a tag for too long.
 */
export function applyRetention(deps: RegistryDeps): { tags: number; manifests: number } {
  const done = { tags: 0, manifests: 0 };
  if (deps.options.retention.length === 0) return done;
  const repositories = deps.db.query<{ id: number; name: string }, []>("SELECT id, name FROM repository").all();
  for (const { id, name } of repositories) {
    const rules = deps.options.retention.filter((rule) => matchesName(rule.repositories, name));
    const kept = rules.flatMap(({ keepTags }) => keepTags);
    for (const rule of rules) {
      const { tags, manifests } = deps.db.transaction(() => applyRule(deps, id, rule, kept)).immediate();
      if (tags + manifests > 0) deps.log.info("retention", { repository: name, tags, manifests });
      done.tags += tags;
      done.manifests += manifests;
    }
  }
  return done;
}

function applyRule(
  deps: RegistryDeps,
  repository: number,
  rule: RetentionRule,
  kept: readonly string[],
): { tags: number; manifests: number } {
  const { db } = deps;
  const now = deps.now();
  const tags = db
    .query<TagAge, [number]>(
      "SELECT tag.name, manifest, updated, pulled FROM tag JOIN manifest ON manifest.id = tag.manifest WHERE " +
        "tag.repository = ?",
    )
    .all(repository);
  const expired = expiredTags(rule, kept, tags, now);
  for (const { name, manifest } of expired) {
    db.query("DELETE FROM tag WHERE repository = ? AND name = ?").run(repository, name);
    db.query(
      `UPDATE manifest SET untagged = ?1, orphaned = ?1 WHERE id = ?2
       AND NOT EXISTS (SELECT 1 FROM tag WHERE tag.manifest = ?2)
       AND NOT EXISTS (SELECT 1 FROM reference JOIN manifest AS parent ON parent.id = reference.manifest
         WHERE reference.digest = manifest.digest AND kind = 1 AND parent.repository = manifest.repository)`,
    ).run(now, manifest);
  }
  if (rule.untagged === undefined) return { tags: expired.length, manifests: 0 };
  const untagged = db
    .query<{ id: number; digest: string }, [number, number]>(
      `SELECT id, digest FROM manifest WHERE repository = ?1
       AND max(coalesce(untagged, pushed), coalesce(pulled, 0)) < ?2 AND orphaned IS NULL
       AND NOT EXISTS (SELECT 1 FROM tag WHERE tag.manifest = manifest.id)
       AND NOT EXISTS (SELECT 1 FROM manifest AS subject
         WHERE subject.repository = ?1 AND subject.digest = manifest.subject)
       AND NOT EXISTS (SELECT 1 FROM reference JOIN manifest AS parent ON parent.id = reference.manifest
         WHERE reference.digest = manifest.digest AND kind = 1 AND parent.repository = ?1)`,
    )
    .all(repository, now - rule.untagged);
  for (const { id, digest } of untagged) removeManifest(db, { id, repository }, digest, now);
  return { tags: expired.length, manifests: untagged.length };
}
