import { notFound } from "../lib/errors.ts";
import type { Platform } from "../oci/image.ts";
import { formatPlatform, platformScore } from "../oci/platform.ts";
import { familiarString, fullString, parseAnyReference, type Reference, withDefaultTag } from "../oci/reference.ts";
import type { ImageDeps } from "./deps.ts";
import { toRecord } from "./images.ts";
import { indexMembers, indexOfName } from "./index/index-table.ts";
import type { ImageRecord } from "./record.ts";
import { type ImageRow, imageById, imagesByPrefix, nameRow } from "./table.ts";

/**
 * Finds an image by id, short id, `name`, `name:tag` or `name@digest`. Throws not-found `No such image: x` (with
 * `:latest` added to a bare name, as Docker does) and `invalid` for what cannot be a name. `platform`: which of the
 * images of several platforms; an image that was made for another is refused.
 */
export function resolveImage(deps: ImageDeps, refOrId: string, options: { platform?: Platform } = {}): ImageRecord {
  const row = findImage(deps, refOrId);
  const { platform } = options;
  const record = platform
    ? forPlatform(deps, toRecord(deps, row), indexOf(deps, refOrId), platform)
    : toRecord(deps, row);
  if (platform && platformScore(platform, record.platform) === 0) {
    throw notFound(
      `image with reference ${refOrId} was found but its platform (${formatPlatform(record.platform)}) does ` +
        `not match the specified platform (${formatPlatform(platform)})`,
    );
  }
  return record;
}

/** Of the index's images the one that suits best. */
function forPlatform(deps: ImageDeps, image: ImageRecord, index: string | undefined, platform: Platform): ImageRecord {
  if (index === undefined) return image;
  const members = indexMembers(deps.store, index)
    .flatMap((id) => imageById(deps.store, id) ?? [])
    .map((row) => toRecord(deps, row));
  return members.reduce(
    (best, each) => (platformScore(platform, each.platform) > platformScore(platform, best.platform) ? each : best),
    image,
  );
}

/** Digest of the index that a name, or the digest itself, stands for; undefined where it is an image alone. */
export function indexOf(deps: ImageDeps, refOrId: string): string | undefined {
  const parsed = parseAnyReference(refOrId);
  if ("id" in parsed) return indexMembers(deps.store, parsed.id).length > 0 ? parsed.id : undefined;
  return indexOfName(deps.store, storedName(parsed));
}

/** The same as {@link resolveImage}, without the lists that a record carries. */
export function findImage(deps: ImageDeps, refOrId: string): ImageRow {
  // `sha256:` and the beginning of a digest reads as a name and a tag.
  const idPart = /^(?:sha256:)?([0-9a-f]{1,64})$/.exec(refOrId)?.[1];
  const parsed = parseAnyReference(refOrId);
  if ("id" in parsed) {
    const row = imageById(deps.store, parsed.id) ?? imageById(deps.store, indexMembers(deps.store, parsed.id)[0] ?? "");
    if (row) return row;
    throw notFound(`No such image: ${parsed.id}`);
  }
  const named = nameRow(deps.store, storedName(parsed));
  const row = named && imageById(deps.store, named.image_id);
  if (row) return row;
  const byId = idPart === undefined ? [] : imagesByPrefix(deps.store, idPart);
  if (byId.length === 1 && byId[0]) return byId[0];
  throw notFound(`No such image: ${familiarString(withDefaultTag(parsed))}`);
}

/** The form in which a name is in the table: a digest wins over a tag. */
export function storedName(ref: Reference): string {
  const { tag: _, ...withoutTag } = ref;
  return fullString(ref.digest === undefined ? withDefaultTag(ref) : withoutTag);
}
