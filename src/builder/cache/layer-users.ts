import type { LayerUsers } from "../../image/deps.ts";
import type { Store } from "../../store/store.ts";
import { withoutCached } from "../table.ts";

/** What the build cache tells of the layers that it keeps. */
export function layerUsers(store: Store): LayerUsers {
  return { unusedOf: (chainIds) => withoutCached(store, chainIds) };
}
