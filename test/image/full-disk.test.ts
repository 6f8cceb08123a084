import { expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadImages } from "../../src/image/archive/load.ts";
import { collectGarbage } from "../../src/image/collect/collect.ts";
import { listImages } from "../../src/image/view/list.ts";
import { Archiver } from "../../src/linux/archive/archiver.ts";
import { mount } from "../../src/linux/mount.ts";
import { unmountAll } from "../../src/linux/unmount.ts";
import { chunked, collect, dockerArchive, failure, TestStore, tarOf } from "./harness.ts";

test("a full disk is told, leaves nothing and hinders nothing afterwards", async () => {
  const disk = mkdtempSync(join(tmpdir(), "berth-disk-"));
  mount("tmpfs", disk, "tmpfs", 0, "size=24m");
  try {
    await using store = new TestStore("overlay2", disk);
    // Fits into the archive's scratch space, but not unpacked beside it.
    const big = dockerArchive({
      tags: ["big:1"],
      layers: [tarOf({ name: "big", content: Buffer.alloc(14 << 20, "x") })],
    });
    expect(await failure(collect(loadImages(store.deps, chunked(big, 1 << 20))))).toContain("no space left on device");
    await collectGarbage(store.deps);
    expect(listImages(store.deps)).toEqual([]);
    expect(await store.deps.snapshotter.list()).toEqual({ keys: [], chainIds: [] });
    expect(await collect(store.deps.blobs.list())).toEqual([]);
    const small = await store.load(
      dockerArchive({ tags: ["small:1"], layers: [tarOf({ name: "small", content: "s" })] }),
      "small:1",
    );
    expect(small.repoTags).toEqual(["small:1"]);
  } finally {
    unmountAll(disk);
    rmSync(disk, { recursive: true });
  }
});

test("an archive bomb stops before the disk is full", async () => {
  const disk = mkdtempSync(join(tmpdir(), "berth-disk-"));
  mount("tmpfs", disk, "tmpfs", 0, "size=160m");
  const archiver = new Archiver();
  try {
    mkdirSync(join(disk, "root"));
    // Many megabytes in few kilobytes. (Zeros would become a hole.)
    const bomb = Bun.gzipSync(new Uint8Array(tarOf({ name: "bomb", content: Buffer.alloc(220 << 20, "x") })));
    expect(await failure(archiver.extract(chunked(bomb), join(disk, "root")))).toBe("write: no space left on device");
    const { bytes } = await archiver.usage(disk);
    expect(bytes).toBeLessThan(120 << 20);
  } finally {
    await archiver[Symbol.asyncDispose]();
    unmountAll(disk);
    rmSync(disk, { recursive: true });
  }
});
