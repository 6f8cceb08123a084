/** Loads, commits, saves and removes images without end in the store at argv[2], until it is killed. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { EventBus } from "../../src/api/events.ts";
import { commitRootfs } from "../../src/image/commit.ts";
import { loadImages } from "../../src/image/load.ts";
import { openImages } from "../../src/image/open.ts";
import { reconcileImages } from "../../src/image/reconcile.ts";
import { removeImage } from "../../src/image/remove.ts";
import { resolveImage } from "../../src/image/resolve.ts";
import { createRootfs, mountRootfs, removeRootfs } from "../../src/image/rootfs.ts";
import { saveImages } from "../../src/image/save.ts";
import { silent } from "../../src/lib/log.ts";
import { openStore } from "../../src/store/store.ts";

const [dir = "", archive = ""] = process.argv.slice(2);
const dataRoot = join(dir, "data");
const ctx = openImages({ store: openStore(join(dataRoot, "berth.db")), events: new EventBus(), log: silent, dataRoot, execRoot: join(dir, "exec"), storageDriver: "overlay2" });
await reconcileImages(ctx, new Set());
process.stdout.write("ready\n");
for (let n = 0; ; n++) {
  for await (const _ of loadImages(ctx, Bun.file(archive).stream()));
  const parent = resolveImage(ctx, "crash:1");
  const id = `c${n}`;
  await createRootfs(ctx, id, parent, { volatile: n % 2 === 0 });
  const root = await mountRootfs(ctx, id);
  writeFileSync(join(root, "made"), String(n));
  await commitRootfs(ctx, { containerId: id, parent, config: { Labels: { n: String(n) } }, ref: `made:${n % 3}` });
  await removeRootfs(ctx, id);
  for await (const _ of await saveImages(ctx, [`made:${n % 3}`]));
  await removeImage(ctx, n % 2 === 0 ? "crash:1" : `made:${n % 3}`, { force: true });
}
