import type { ImageUsers } from "../image/deps.ts";
import type { Store } from "../store/store.ts";
import { containersOfImage, countsByImage, imageNamesUsed, userOfImage } from "./table.ts";

/** Tells the image code which images containers use. */
export function imageUsers(store: Store): ImageUsers {
  return {
    userOf: (imageId, which) => userOfImage(store, imageId, which),
    madeOf: (imageId) => containersOfImage(store, imageId),
    namesUsed: (imageId) => imageNamesUsed(store, imageId),
    counts: () => countsByImage(store),
  };
}
