import { notFound } from "../lib/errors.ts";
import type { Platform } from "../oci/image.ts";
import type { ImageContext } from "./context.ts";
import type { ImageRecord } from "./record.ts";

/**
 * Finds an image by id, short id, `name`, `name:tag` or `name@digest`. Throws not-found `No such image: x` (with
 * `:latest` added to a bare name, as Docker does). `platform` refuses an image made for another.
 */
export function resolveImage(_ctx: ImageContext, refOrId: string, _options: { platform?: Platform } = {}): ImageRecord {
  throw notFound(`No such image: ${refOrId}`);
}
