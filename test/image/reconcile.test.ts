import { expect, test } from "bun:test";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { collectGarbage } from "../../src/image/collect/collect.ts";
import { Lease } from "../../src/image/collect/lease.ts";
import { commitRootfs } from "../../src/image/commit.ts";
import { createRootfs, mountRootfs, removeRootfs } from "../../src/image/layer/rootfs.ts";
import { resolveImage } from "../../src/image/resolve.ts";
import { listImages } from "../../src/image/view/list.ts";
import { digestOf, hexOf } from "../../src/oci/digest.ts";
import { mountsBelow } from "../leftovers.ts";
import { collect, dockerArchive, failure, TestStore, tarOf } from "./harness.ts";

const base = tarOf({ name: "a", content: "a" });
const second = tarOf({ name: "b", content: "b" });
const archive = dockerArchive({ tags: ["x:1"], layers: [base, second] });

/** Waits for what boot does in the background. */
const settle = (store: TestStore) => collectGarbage(store.deps);

test("what a crash left is gone, what lives stays", async () => {
  await using store = new TestStore();
  const image = await store.load(archive, "x:1");
  for (const id of ["live", "dead"]) {
    await createRootfs(store.deps, id, image, { volatile: id === "dead" });
    writeFileSync(join(await mountRootfs(store.deps, id), "mine"), id);
  }
  const layers = join(store.dir, "data/layers");
  mkdirSync(join(layers, "active/layer-half-done/diff"), { recursive: true });
  mkdirSync(join(layers, "sha256", "0".repeat(64), "diff"), { recursive: true });
  mkdirSync(join(layers, "trash/x"), { recursive: true });
  writeFileSync(join(store.dir, "data/blobs/sha256", "1".repeat(64)), "orphan");
  writeFileSync(join(store.dir, "data/tmp/images/load-1"), "scratch");
  // Left open by the process that died.
  const lease = new Lease(store.deps);
  lease.add("blob", digestOf("x"));
  await store.deps.blobs.put(Buffer.from("x"));
  await createRootfs(store.deps, "build", image);
  const elsewhere = join(store.dir, "exec/build-root");
  mkdirSync(elsewhere);
  store.deps.snapshotter.mount("build", image.chainIds, elsewhere);
  store.deps.store.run("DELETE FROM rootfs WHERE container_id = 'build'");

  await store.restart(["live"]);
  await settle(store);
  expect(mountsBelow(store.dir)).toEqual([store.deps.paths.rootfs("live")]);
  expect(readFileSync(join(await mountRootfs(store.deps, "live"), "mine"), "utf8")).toBe("live");
  expect(await store.deps.snapshotter.list()).toEqual({
    keys: ["live"],
    chainIds: expect.arrayContaining(image.chainIds),
  });
  expect((await store.deps.snapshotter.list()).chainIds).toHaveLength(2);
  expect(readdirSync(join(layers, "trash"))).toEqual([]);
  expect(readdirSync(join(store.dir, "data/tmp/images"))).toEqual([]);
  const kept = (await collect(store.deps.blobs.list())).map((blob) => blob.digest).sort();
  expect(kept).toEqual([image.id, digestOf(base), digestOf(second)].sort());
  await removeRootfs(store.deps, "live");
});

test("layers that are missing or may be damaged come back from their archives", async () => {
  await using store = new TestStore();
  const image = await store.load(archive, "x:1");
  const files = (n: number) => join(store.dir, "data/layers/sha256", hexOf(image.chainIds[n] ?? ""));
  rmSync(files(0), { recursive: true });
  // Not on disk yet when the machine went down: its content cannot be trusted.
  writeFileSync(join(files(1), "diff/b"), "");
  store.deps.store.run("UPDATE layer SET unsynced_boot = 'another' WHERE chain_id = ?", [image.chainIds[1] ?? ""]);
  await store.restart();
  expect([readFileSync(join(files(0), "diff/a"), "utf8"), readFileSync(join(files(1), "diff/b"), "utf8")]).toEqual([
    "a",
    "b",
  ]);
  await settle(store);
  expect(resolveImage(store.deps, "x:1").id).toBe(image.id);
});

test("an image whose layer is lost goes, with a word in the log", async () => {
  await using store = new TestStore();
  const parent = await store.load(archive, "x:1");
  await createRootfs(store.deps, "c", parent);
  writeFileSync(join(await mountRootfs(store.deps, "c"), "new"), "new");
  const made = await commitRootfs(store.deps, { containerId: "c", parent, config: {}, ref: "made" });
  await removeRootfs(store.deps, "c");
  rmSync(join(store.dir, "data/layers/sha256", hexOf(made.chainIds[2] ?? "")), { recursive: true });
  await store.restart();
  await settle(store);
  expect(listImages(store.deps).flatMap((image) => image.RepoTags)).toEqual(["x:1"]);
  expect((await store.deps.snapshotter.list()).chainIds).toHaveLength(2);
});

test("leases: what they hold stays, what they held goes", async () => {
  await using store = new TestStore();
  const { deps } = store;
  const digest = digestOf("leased");
  const first = new Lease(deps);
  first.add("blob", digest);
  await deps.blobs.put(Buffer.from("leased"));
  const second = new Lease(deps);
  second.add("blob", digest);
  second.keepAfterwards(60_000);
  await first[Symbol.asyncDispose]();
  await collectGarbage(deps);
  expect(deps.blobs.has(digest)).toBe(true);
  await second[Symbol.asyncDispose]();
  // A pull that failed: its next try finds what it has, even after a restart.
  await store.restart();
  await settle(store);
  expect(store.deps.blobs.has(digest)).toBe(true);
  store.deps.store.run("UPDATE lease SET expires_at = 1");
  await collectGarbage(store.deps);
  expect(store.deps.blobs.has(digest)).toBe(false);
});

test("blobs: verified, continued where they broke off, never half there", async () => {
  await using store = new TestStore();
  const { blobs } = store.deps;
  const content = Buffer.alloc(300_000, "blob");
  const digest = digestOf(content);
  {
    await using writer = await blobs.writer(digest, content.length);
    await writer.write(content.subarray(0, 100_000));
    expect(await failure(blobs.writer(digest))).toContain("is being written already");
  }
  expect(blobs.has(digest)).toBe(false);
  await store.restart();
  {
    await using writer = await store.deps.blobs.writer(digest, content.length);
    expect(writer.offset).toBe(100_000);
    await writer.write(content.subarray(100_000));
    await writer.commit();
  }
  expect(content.equals(Buffer.from(await store.deps.blobs.read(digest)))).toBe(true);
  const part = await Array.fromAsync(store.deps.blobs.stream(digest, { start: 4, end: 11 }));
  expect(Buffer.concat(part).toString()).toBe("blobblo");
  // Wrong content is thrown away: the next attempt begins at 0.
  const other = digestOf("other");
  for (const [size, text, message] of [
    [5, "wrong", "unexpected digest"],
    [9, "short", "unexpected size"],
    [3, "longer", "is longer than the 3 bytes"],
  ] as const) {
    await using writer = await store.deps.blobs.writer(other, size);
    expect(writer.offset).toBe(0);
    const write = async () => {
      await writer.write(Buffer.from(text));
      await writer.commit();
    };
    expect(await failure(write())).toContain(message);
  }
  expect(existsSync(store.deps.blobs.path(other))).toBe(false);
  expect(() => store.deps.blobs.path("sha256:../../../etc/passwd")).toThrow("invalid checksum digest");
});
