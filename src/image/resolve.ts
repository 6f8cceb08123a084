import { notFound } from "../lib/errors.ts";
import type { Platform } from "../oci/image.ts";
import { formatPlatform, platformScore } from "../oci/platform.ts";
import { familiarString, fullString, parseAnyReference, withDefaultTag, type Reference } from "../oci/reference.ts";
import type { ImageContext } from "./context.ts";
import { toRecord } from "./images.ts";
import { indexMembers, indexOfName } from "./index-table.ts";
import type { ImageRecord } from "./record.ts";
import { imageById, imagesByPrefix, nameRow, type ImageRow } from "./table.ts";

/**
 * Finds an image by id, short id, `name`, `name:tag` or `name@digest`. Throws not-found `No such image: x` (with
 * `:latest` added to a bare name, as Docker does) and `invalid` for what cannot be a name. `platform`: which of the
 * images of several platforms; an image that was made for another is refused.
 */
export function resolveImage(ctx: ImageContext, refOrId: string, options: { platform?: Platform } = {}): ImageRecord {
  const row = findImage(ctx, refOrId);
  const { platform } = options;
  const record = platform ? forPlatform(ctx, toRecord(ctx, row), indexOf(ctx, refOrId), platform) : toRecord(ctx, row);
  if (platform && platformScore(platform, record.platform) === 0) {
    throw notFound(
      `image with reference ${refOrId} was found but its platform (${formatPlatform(record.platform)}) does not match the specified platform (${formatPlatform(platform)})`,
    );
  }
  return record;
}

/** Of the index's images the one that suits best. */
function forPlatform(ctx: ImageContext, image: ImageRecord, index: string | undefined, platform: Platform): ImageRecord {
  if (index === undefined) return image;
  const members = indexMembers(ctx.store, index).flatMap((id) => imageById(ctx.store, id) ?? []).map((row) => toRecord(ctx, row));
  return members.reduce((best, each) => (platformScore(platform, each.platform) > platformScore(platform, best.platform) ? each : best), image);
}

/** Digest of the index that a name, or the digest itself, stands for; undefined where it is an image alone. */
export function indexOf(ctx: ImageContext, refOrId: string): string | undefined {
  const parsed = parseAnyReference(refOrId);
  if ("id" in parsed) return indexMembers(ctx.store, parsed.id).length > 0 ? parsed.id : undefined;
  return indexOfName(ctx.store, storedName(parsed));
}

/** The same as {@link resolveImage}, without the lists that a record carries. */
export function findImage(ctx: ImageContext, refOrId: string): ImageRow {
  // `sha256:` and the beginning of a digest reads as a name and a tag.
  const idPart = /^(?:sha256:)?([0-9a-f]{1,64})$/.exec(refOrId)?.[1];
  const parsed = parseAnyReference(refOrId);
  if ("id" in parsed) {
    const row = imageById(ctx.store, parsed.id) ?? imageById(ctx.store, indexMembers(ctx.store, parsed.id)[0] ?? "");
    if (row) return row;
    throw notFound(`No such image: ${parsed.id}`);
  }
  const named = nameRow(ctx.store, storedName(parsed));
  const row = named && imageById(ctx.store, named.image_id);
  if (row) return row;
  const byId = idPart === undefined ? [] : imagesByPrefix(ctx.store, idPart);
  if (byId.length === 1 && byId[0]) return byId[0];
  throw notFound(`No such image: ${familiarString(withDefaultTag(parsed))}`);
}

/** The form in which a name is in the table: a digest wins over a tag. */
export function storedName(ref: Reference): string {
  const { tag: _, ...withoutTag } = ref;
  return fullString(ref.digest === undefined ? withDefaultTag(ref) : withoutTag);
}
