import type { Database } from "bun:sqlite";
import { RegistryError } from "../errors.ts";
import type { ParsedManifest } from "../manifest/parse.ts";
import { describeRepository, ensureRepository } from "./repositories.ts";
import { markUntagged, setTag } from "./tags.ts";

/**
 * A row of the table `manifest`; `content` holds its exact bytes. Times are milliseconds since 1970. `pulled` null:
 * never; `untagged` null: it has a tag; `orphaned` null: no image that it was a part of has gone; `cached` 1: it came
 * from upstream.
 */
export interface ManifestRow {
  id: number;
  repository: number;
  digest: string;
  media_type: string;
  content: Uint8Array;
  artifact_type: string | null;
  platform: string | null;
  subject: string | null;
  pushed: number;
  pushed_by: string | null;
  pulled: number | null;
  untagged: number | null;
  orphaned: number | null;
  cached: number;
}

/** A manifest to be stored, with the tags that it gets. `user` null: nobody in particular pushed it. */
export interface StoreManifest {
  repository: string;
  digest: string;
  content: Uint8Array;
  parsed: ParsedManifest;
  tags: string[];
  user: string | null;
  /** What the image says of itself, for lists and searches. */
  description?: string;
  /** As in the table. */
  platform?: string;
  now: number;
  /** It came from upstream: what it names need not be here. */
  cached?: boolean;
}

/** The manifest of a repository by tag or digest; undefined if there is none. */
export function findManifest(
  db: Database,
  repository: string,
  reference: { tag: string } | { digest: string },
): ManifestRow | undefined {
  const found =
    "digest" in reference
      ? db
          .query<ManifestRow, [string, string]>(
            "SELECT manifest.* FROM manifest JOIN repository ON repository.id = manifest.repository WHERE name " +
              "= ? AND digest = ?",
          )
          .get(repository, reference.digest)
      : db
          .query<ManifestRow, [string, string]>(
            `SELECT manifest.* FROM tag JOIN manifest ON manifest.id = tag.manifest
             JOIN repository ON repository.id = tag.repository
             WHERE repository.name = ? AND tag.name = ?`,
          )
          .get(repository, reference.tag);
  return found ?? undefined;
}

/**
 * Stores a manifest, and points the tag at it, in one transaction that first checks that the repository has
 * everything the manifest names. Throws MANIFEST_BLOB_UNKNOWN (all that is missing in `detail`) or MANIFEST_INVALID.
 */
export function storeManifest(db: Database, input: StoreManifest): void {
  const { digest, parsed, now } = input;
  db.transaction(() => {
    const repository = ensureRepository(db, input.repository, now);
    if (!input.cached) checkReferences(db, repository, parsed);
    const { id } = db
      .query<{ id: number }, (string | number | Uint8Array | null)[]>(
        `INSERT INTO manifest
           (repository, digest, media_type, content, artifact_type, platform, subject, pushed, pushed_by, cached)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
         ON CONFLICT DO UPDATE SET
           pushed = excluded.pushed, orphaned = NULL, cached = cached AND excluded.cached RETURNING id`,
      )
      .get(
        repository,
        digest,
        parsed.mediaType,
        input.content,
        parsed.artifactType ?? null,
        input.platform ?? null,
        parsed.subject ?? null,
        now,
        input.user,
        input.cached ? 1 : 0,
      ) ?? { id: 0 };
    for (const { digest: named, size, kind } of parsed.references) {
      db.query("INSERT INTO reference(manifest, digest, kind, size) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING").run(
        id,
        named,
        kind === "manifest" ? 1 : 0,
        size,
      );
      if (kind === "manifest")
        db.query("UPDATE manifest SET orphaned = NULL WHERE repository = ? AND digest = ?").run(repository, named);
      else
        db.query(
          "UPDATE link SET state = 0, promises = max(promises - 1, 0), touched = ? WHERE repository = ? AND digest = ?",
        ).run(now, repository, named);
    }
    if (input.description) describeRepository(db, repository, input.description);
    for (const tag of input.tags) setTag(db, repository, tag, id, now, input.cached ? now : null);
    markUntagged(db, id, now);
  }).immediate();
}

function checkReferences(db: Database, repository: number, parsed: ParsedManifest): void {
  const missing: { digest: string }[] = [];
  for (const { digest, size, kind, foreign } of parsed.references) {
    if (foreign) continue;
    const there =
      kind === "manifest"
        ? db
            .query<{ size: number }, [number, string]>(
              "SELECT length(content) AS size FROM manifest WHERE repository = ? AND digest = ?",
            )
            .get(repository, digest)
        : db
            .query<{ size: number }, [number, string]>(
              "SELECT size FROM link JOIN blob USING (digest) WHERE repository = ? AND digest = ?",
            )
            .get(repository, digest);
    if (!there) missing.push({ digest });
    else if (there.size !== size) {
      throw new RegistryError(
        "MANIFEST_INVALID",
        `the manifest says that ${digest} has ${size} bytes, but it has ${there.size}`,
        { detail: { digest } },
      );
    }
  }
  if (missing.length > 0) {
    throw new RegistryError(
      "MANIFEST_BLOB_UNKNOWN",
      `the manifest names content that this repository does not have: ${missing[0]?.digest}`,
      { detail: missing },
    );
  }
}

/** Notes the platform of a manifest's image, as its configuration says; empty: it says none. */
export function setPlatform(db: Database, manifest: number, platform: string): void {
  db.query("UPDATE manifest SET platform = ? WHERE id = ?").run(platform, manifest);
}

/** A manifest that a client was told of may become part of a new image: it is no orphan any more. */
export function keepManifest(db: Database, row: ManifestRow, now: number): void {
  if (row.orphaned !== null && row.orphaned < now - 60_000)
    db.query("UPDATE manifest SET orphaned = ? WHERE id = ?").run(now, row.id);
}

/** What a list of referrers shows of a manifest; `artifact_type` null: it names none. */
export interface ReferrerRow {
  digest: string;
  media_type: string;
  artifact_type: string | null;
  content: Uint8Array;
}

/** Manifests of the repository whose subject is `digest`, after `last` in order of digest. */
export function listReferrers(
  db: Database,
  repository: string,
  digest: string,
  last: string,
  limit: number,
): ReferrerRow[] {
  return db
    .query<ReferrerRow, [string, string, string, number]>(
      `SELECT digest, media_type, artifact_type, content FROM manifest
       WHERE repository = (SELECT id FROM repository WHERE name = ?) AND subject = ? AND digest > ?
       ORDER BY digest LIMIT ?`,
    )
    .all(repository, digest, last, limit);
}
