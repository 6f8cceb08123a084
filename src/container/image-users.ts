import type { ImageUsers } from "../image/deps.ts";
import type { Store } from "../store/store.ts";
import { allContainers, containersOfImage, countsByImage, imageNamesUsed, userOfImage } from "./table.ts";

/** Tells the image code which images containers use. */
export function imageUsers(store: Store): ImageUsers {
  return {
    userOf: (imageId, which) => userOfImage(store, imageId, which),
    madeOf: (imageId) => containersOfImage(store, imageId),
    namesUsed: (imageId) => imageNamesUsed(store, imageId),
    counts: () => countsByImage(store),
  };
}

/** The image that each container was made of, by the container's id; null: of none. */
export function imagesOfContainers(store: Store): Map<string, string | null> {
  return new Map(allContainers(store).map((c) => [c.id, c.imageId]));
}
