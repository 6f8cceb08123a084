import { expect, test } from "bun:test";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { saveImages } from "../../src/image/archive/save.ts";
import { collectGarbage } from "../../src/image/collect/collect.ts";
import { recordOf } from "../../src/image/images.ts";
import { createRootfs, mountRootfs, removeRootfs } from "../../src/image/layer/rootfs.ts";
import { removeImage } from "../../src/image/remove.ts";
import { listImages } from "../../src/image/view/list.ts";
import { sh } from "../harness.ts";
import { mountsBelow } from "../leftovers.ts";
import { btrfs, mountFilesystem } from "../volume/filesystem.ts";
import { bytesOf, collect, dockerArchive, TestStore, tarOf } from "./harness.ts";

/** Many files, so that there is a middle to be killed in. */
const layer = (seed: string) =>
  tarOf(
    ...Array.from({ length: 400 }, (_, i) => ({ name: `d${i % 20}/${seed}${i}`, content: `${seed}${i}`.repeat(100) })),
  );

test("killed at any moment, the store is whole", () => kill("overlay2", tmpdir(), 25), 300_000);

test("so it is on btrfs, and no subvolume stays", async () => {
  const scratch = mkdtempSync(join(tmpdir(), "berth-btrfs-"));
  const disk = join(scratch, "disk");
  const unmountDisk = await mountFilesystem(disk, btrfs);
  try {
    await kill("btrfs", disk, 10);
    expect((await sh(["btrfs", "subvolume", "list", disk])).stdout).toBe("");
  } finally {
    await unmountDisk();
    rmSync(scratch, { recursive: true });
  }
}, 300_000);

async function kill(driver: string, parent: string, rounds: number): Promise<void> {
  await using store = new TestStore(driver, parent);
  const archive = join(store.dir, "archive.tar");
  writeFileSync(archive, dockerArchive({ tags: ["crash:1"], layers: [layer("a"), layer("b"), layer("c")] }));
  for (let round = 0; round < rounds; round++) {
    await store.close();
    const child = Bun.spawn([process.execPath, join(import.meta.dir, "crash-loop.ts"), store.dir, archive, driver], {
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
  // A store that is whole goes when its images go.
  for (const { Id } of listImages(store.deps, { all: true })) {
    // One may have gone with another that was made of it.
    const still = listImages(store.deps, { all: true }).some((image) => image.Id === Id);
    if (still) await removeImage(store.deps, Id, { force: true });
  }
  await collectGarbage(store.deps);
}

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
