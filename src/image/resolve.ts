import { notFound } from "../lib/errors.ts";
import type { Platform } from "../oci/image.ts";
import { formatPlatform } from "../oci/platform.ts";
import { familiarString, fullString, parseAnyReference, withDefaultTag, type Reference } from "../oci/reference.ts";
import type { ImageContext } from "./context.ts";
import { toRecord } from "./images.ts";
import type { ImageRecord } from "./record.ts";
import { imageById, imagesByPrefix, nameRow, type ImageRow } from "./table.ts";
import { variantFor, variantsOf } from "./variants.ts";

/**
 * Finds an image by id, short id, `name`, `name:tag` or `name@digest`. Throws not-found `No such image: x` (with
 * `:latest` added to a bare name, as Docker does) and `invalid` for what cannot be a name. With `platform`, it is the
 * name's variant for that; not-found where there is none.
 */
export function resolveImage(ctx: ImageContext, refOrId: string, options: { platform?: Platform } = {}): ImageRecord {
  const { platform } = options;
  const row = findImage(ctx, refOrId);
  if (!platform) return toRecord(ctx, row);
  const found = variantFor(findVariants(ctx, refOrId), platform);
  if (found) return toRecord(ctx, found);
  throw notFound(
    `image with reference ${refOrId} was found but its platform (${formatPlatform(toRecord(ctx, row).platform)}) does not match the specified platform (${formatPlatform(platform)})`,
  );
}

/** An image and its variants, where it is asked for by a name. */
export function findVariants(ctx: ImageContext, refOrId: string): ImageRow[] {
  const row = findImage(ctx, refOrId);
  const parsed = parseAnyReference(refOrId);
  const named = "id" in parsed ? null : nameRow(ctx.store, storedName(parsed));
  return named ? variantsOf(ctx, named) : [row];
}

/** The same, without the lists that a record carries. */
export function findImage(ctx: ImageContext, refOrId: string): ImageRow {
  // `sha256:` and the beginning of a digest reads as a name and a tag.
  const idPart = /^(?:sha256:)?([0-9a-f]{1,64})$/.exec(refOrId)?.[1];
  const parsed = parseAnyReference(refOrId);
  if ("id" in parsed) {
    const row = imageById(ctx.store, parsed.id);
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
