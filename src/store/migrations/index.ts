import { image } from "./0001-image.ts";
import { container } from "./0002-container.ts";
import { network } from "./0003-network.ts";
import { volume } from "./0004-volume.ts";
import { build } from "./0005-build.ts";
import { imageIndex } from "./0006-image-index.ts";
import { volumeRename } from "./0007-volume-rename.ts";
import { link } from "./0008-link.ts";
import { buildHistory } from "./0009-build-history.ts";
import { volumeMountId } from "./0010-volume-mount-id.ts";
import { plugin } from "./0011-plugin.ts";
import { nodeTask } from "./0012-node-task.ts";
import { layerArchiveSize } from "./0013-layer-archive-size.ts";
import { balance } from "./0014-balance.ts";

/** Append only: never remove, reorder or edit an entry that has been released. */
export const migrations: readonly { name: string; sql: string }[] = [
  { name: "0001-image", sql: image },
  { name: "0002-container", sql: container },
  { name: "0003-network", sql: network },
  { name: "0004-volume", sql: volume },
  { name: "0005-build", sql: build },
  { name: "0006-image-index", sql: imageIndex },
  { name: "0007-volume-rename", sql: volumeRename },
  { name: "0008-link", sql: link },
  { name: "0009-build-history", sql: buildHistory },
  { name: "0010-volume-mount-id", sql: volumeMountId },
  { name: "0011-plugin", sql: plugin },
  { name: "0012-node-task", sql: nodeTask },
  { name: "0013-layer-archive-size", sql: layerArchiveSize },
  { name: "0014-balance", sql: balance },
];
