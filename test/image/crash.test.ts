import { expect, test } from "bun:test";
import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { collectGarbage } from "../../src/image/collect.ts";
import { listImages } from "../../src/image/list.ts";
import { recordOf } from "../../src/image/images.ts";
import { createRootfs, mountRootfs, removeRootfs } from "../../src/image/rootfs.ts";
import { saveImages } from "../../src/image/save.ts";
import { bytesOf, collect, dockerArchive, mountsUnder, tarOf, TestStore } from "./harness.ts";

const rounds = 25;

/** Many files, so that there is a middle to be killed in. */
const layer = (seed: string) => tarOf(...Array.from({ length: 400 }, (_, i) => ({ name: `d${i % 20}/${seed}${i}`, content: `${seed}${i}`.repeat(100) })));

test("killed at any moment, the store is whole", async () => {
  await using store = new TestStore();
  const archive = join(store.dir, "archive.tar");
  writeFileSync(archive, dockerArchive({ tags: ["crash:1"], layers: [layer("a"), layer("b"), layer("c")] }));
  for (let round = 0; round < rounds; round++) {
    const child = Bun.spawn([process.execPath, join(import.meta.dir, "crash-loop.ts"), store.dir, archive], { stdout: "pipe", stderr: "inherit" });
    await child.stdout.getReader().read();
    await Bun.sleep((round * 37) % 450);
    expect(child.exitCode).toBeNull();
    child.kill("SIGKILL");
    await child.exited;
    await store.restart();
    await collectGarbage(store.ctx);
    await check(store);
  }
}, 300_000);

/** Every image works; nothing is there that no image needs. */
async function check(store: TestStore): Promise<void> {
  const { ctx } = store;
  expect(mountsUnder(store.dir)).toEqual([]);
  const images = listImages(ctx, { all: true }).map((image) => recordOf(ctx, image.Id));
  for (const image of images) {
    await createRootfs(ctx, "check", image);
    const root = await mountRootfs(ctx, "check");
    expect(readdirSync(join(root, "d7"))).toHaveLength(60);
    await removeRootfs(ctx, "check");
    expect((await bytesOf(await saveImages(ctx, [image.id]))).length).toBeGreaterThan(100_000);
  }
  const { keys, chainIds } = await ctx.snapshotter.list();
  expect(keys).toEqual([]);
  expect(chainIds.sort()).toEqual([...new Set(images.flatMap((image) => image.chainIds))].sort());
  const blobs = (await collect(ctx.blobs.list())).map((blob) => blob.digest).sort();
  const needed = images.flatMap((image) => [image.id, ...image.diffIds.slice(0, 3)]);
  expect(blobs).toEqual([...new Set(needed)].sort());
  expect(readdirSync(join(store.dir, "data/tmp/images"))).toEqual([]);
}
