/** Loads, commits, saves and removes images without end in the store at argv[2], with the driver argv[4]. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { EventBus } from "../../src/api/events.ts";
import { layerUsers } from "../../src/builder/cache/layer-users.ts";
import { imageUsers } from "../../src/container/image-users.ts";
import { loadImages } from "../../src/image/archive/load.ts";
import { saveImages } from "../../src/image/archive/save.ts";
import { reconcileImages } from "../../src/image/collect/reconcile.ts";
import { commitRootfs } from "../../src/image/commit.ts";
import { createRootfs, mountRootfs, removeRootfs } from "../../src/image/layer/rootfs.ts";
import { openImages } from "../../src/image/open.ts";
import { removeImage } from "../../src/image/remove.ts";
import { resolveImage } from "../../src/image/resolve.ts";
import { silent } from "../../src/lib/log.ts";
import { nowNano } from "../../src/linux/clock.ts";
import { blobUsers } from "../../src/managed-plugin/blob-users.ts";
import { openStore } from "../../src/store/store.ts";

const [dir = "", archive = "", storageDriver = ""] = process.argv.slice(2);
const dataRoot = join(dir, "data");
const store = openStore(join(dataRoot, "berth.db"));
const deps = openImages({
  store,
  imageUsers: imageUsers(store),
  layerUsers: layerUsers(store),
  blobUsers: blobUsers(store),
  events: new EventBus(nowNano),
  log: silent,
  dataRoot,
  execRoot: join(dir, "exec"),
  storageDriver,
});
await reconcileImages(deps, new Set());
process.stdout.write("ready\n");
for (let n = 0; ; n++) {
  for await (const _ of loadImages(deps, Bun.file(archive).stream()));
  const parent = resolveImage(deps, "crash:1");
  const id = `c${n}`;
  await createRootfs(deps, id, parent, { volatile: n % 2 === 0 });
  const root = await mountRootfs(deps, id);
  writeFileSync(join(root, "made"), String(n));
  await commitRootfs(deps, { containerId: id, parent, config: { Labels: { n: String(n) } }, ref: `made:${n % 3}` });
  await removeRootfs(deps, id);
  for await (const _ of await saveImages(deps, [`made:${n % 3}`]));
  await removeImage(deps, n % 2 === 0 ? "crash:1" : `made:${n % 3}`, { force: true });
}
