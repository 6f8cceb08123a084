import type { Platform } from "../oci/image.ts";
import { platformScore } from "../oci/platform.ts";
import type { ImageContext } from "./context.ts";
import { configOf, imageById, type ImageRow, type NameRow } from "./table.ts";

/**
 * An image is of one platform. Those that came by one index are each other's variants: each keeps the index among its
 * blobs, and the name, which points at the one that came last, remembers it.
 */
export function variantsOf(ctx: ImageContext, name: Pick<NameRow, "image_id" | "digest">): ImageRow[] {
  const others = name.digest === null ? [] : ctx.store.query<{ image_id: string }, [string, string]>(
    "SELECT image_id FROM image_blob WHERE digest = ? AND image_id <> ? ORDER BY image_id",
  ).all(name.digest, name.image_id);
  return [name.image_id, ...others.map((row) => row.image_id)].map((id) => imageById(ctx.store, id)).filter((row) => row !== null);
}

/** The variant that suits a platform best, or undefined. */
export function variantFor(variants: readonly ImageRow[], platform: Platform): ImageRow | undefined {
  return variants
    .map((row) => ({ row, score: platformScore(platform, configOf(row)) }))
    .filter(({ score }) => score > 0)
    .sort((a, b) => b.score - a.score)[0]?.row;
}

/** Images that have no name of their own but are variants of one that has: no rubbish. */
export function heldVariants(ctx: ImageContext): Set<string> {
  const rows = ctx.store.query<{ image_id: string }, []>(
    `SELECT DISTINCT b.image_id FROM image_blob b JOIN image_name n ON n.digest = b.digest AND n.image_id <> b.image_id
     WHERE NOT EXISTS (SELECT 1 FROM image_name own WHERE own.image_id = b.image_id)`,
  ).all();
  return new Set(rows.map((row) => row.image_id));
}
