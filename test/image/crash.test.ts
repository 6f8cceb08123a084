import { expect, test } from "bun:test";
import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { saveImages } from "../../src/image/archive/save.ts";
import { collectGarbage } from "../../src/image/collect/collect.ts";
import { recordOf } from "../../src/image/images.ts";
import { createRootfs, mountRootfs, removeRootfs } from "../../src/image/layer/rootfs.ts";
import { listImages } from "../../src/image/view/list.ts";
import { mountsBelow } from "../leftovers.ts";
import { bytesOf, collect, dockerArchive, TestStore, tarOf } from "./harness.ts";

const rounds = 25;

/** Many files, so that there is a middle to be killed in. */
const layer = (seed: string) =>
  tarOf(
    ...Array.from({ length: 400 }, (_, i) => ({ name: `d${i % 20}/${seed}${i}`, content: `${seed}${i}`.repeat(100) })),
  );

test("killed at any moment, the store is whole", async () => {
  await using store = new TestStore();
  const archive = join(store.dir, "archive.tar");
  writeFileSync(archive, dockerArchive({ tags: ["crash:1"], layers: [layer("a"), layer("b"), layer("c")] }));
  for (let round = 0; round < rounds; round++) {
    await store.close();
    const child = Bun.spawn([process.execPath, join(import.meta.dir, "crash-loop.ts"), store.dir, archive], {
      stdout: "pipe",
      stderr: "inherit",
    });
    await child.stdout.getReader().read();
    await Bun.sleep((round * 37) % 450);
    expect(child.exitCode).toBeNull();
    child.kill("SIGKILL");
    await child.exited;
    await store.restart();
    await collectGarbage(store.deps);
    await check(store);
  }
}, 300_000);

/** Every image works; nothing is there that no image needs. */
async function check(store: TestStore): Promise<void> {
  const { deps } = store;
  expect(mountsBelow(store.dir)).toEqual([]);
  const images = listImages(deps, { all: true }).map((image) => recordOf(deps, image.Id));
  for (const image of images) {
    await createRootfs(deps, "check", image);
    const root = await mountRootfs(deps, "check");
    expect(readdirSync(join(root, "d7"))).toHaveLength(60);
    await removeRootfs(deps, "check");
    expect((await bytesOf(await saveImages(deps, [image.id]))).length).toBeGreaterThan(100_000);
  }
  const { keys, chainIds } = await deps.snapshotter.list();
  expect(keys).toEqual([]);
  expect(chainIds.sort()).toEqual([...new Set(images.flatMap((image) => image.chainIds))].sort());
  const blobs = (await collect(deps.blobs.list())).map((blob) => blob.digest).sort();
  const needed = images.flatMap((image) => [image.id, ...image.diffIds.slice(0, 3)]);
  expect(blobs).toEqual([...new Set(needed)].sort());
  expect(readdirSync(join(store.dir, "data/tmp/images"))).toEqual([]);
}
