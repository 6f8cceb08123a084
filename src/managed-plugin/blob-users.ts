import type { BlobUsers } from "../image/deps.ts";
import type { Store } from "../store/store.ts";
import { usesBlob } from "./table.ts";

/** What the plugins tell of the blobs that they keep. */
export function blobUsers(store: Store): BlobUsers {
  return { uses: (digest) => usesBlob(store, digest) };
}
