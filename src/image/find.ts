import type { ImageDeps } from "./deps.ts";
import { allImageIds, imageById } from "./table.ts";

/** What others ask about images without a look into them. {@link resolveImage} gives an image itself. */

/** Every image, also those without a name. */
export function imageIds(deps: ImageDeps): string[] {
  return allImageIds(deps.store);
}

/** By its whole id. */
export function hasImage(deps: ImageDeps, id: string): boolean {
  return imageById(deps.store, id) !== null;
}
