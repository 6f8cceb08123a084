import type { EventBus } from "../api/events.ts";
import { layerUsers } from "../builder/cache/layer-users.ts";
import { imageUsers } from "../container/image-users.ts";
import type { ImageDeps } from "../image/deps.ts";
import { openImages } from "../image/open.ts";
import type { Logger } from "../lib/log.ts";
import { blobUsers } from "../managed-plugin/blob-users.ts";
import type { Store } from "../store/store.ts";
import type { DaemonConfig } from "./config/config.ts";

/** The image store of a data root, as its containers and builds use it. Close it with its archiver's disposal. */
export function imageStore(
  store: Store,
  { dataRoot, execRoot, storageDriver, loopQuotas }: DaemonConfig,
  events: EventBus,
  log: Logger,
): ImageDeps {
  return openImages({
    store,
    events,
    log,
    dataRoot,
    execRoot,
    loopQuotas,
    ...(storageDriver && { storageDriver }),
    imageUsers: imageUsers(store),
    layerUsers: layerUsers(store),
    blobUsers: blobUsers(store),
  });
}
