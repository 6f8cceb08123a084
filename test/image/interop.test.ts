/** Archives that other tools write are read, and ours by them. Needs skopeo. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { rootfsTar } from "../../scripts/images.ts";
import { loadImages } from "../../src/image/archive/load.ts";
import { saveImages } from "../../src/image/archive/save.ts";
import { commitRootfs } from "../../src/image/commit.ts";
import { createRootfs, mountRootfs, removeRootfs } from "../../src/image/layer/rootfs.ts";
import { resolveImage } from "../../src/image/resolve.ts";
import { imageHistory } from "../../src/image/view/history.ts";
import { inspectImage } from "../../src/image/view/inspect.ts";
import { digestOf } from "../../src/oci/digest.ts";
import { bytesOf, chunked, collect, dockerArchive, TestStore, textOf } from "./harness.ts";

let dir = "";
let busybox: Buffer;
beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), "berth-interop-"));
  busybox = readFileSync(await rootfsTar("busybox"));
  writeFileSync(
    join(dir, "docker.tar"),
    dockerArchive({ tags: ["busybox:test"], layers: [busybox], config: { Cmd: ["sh"], Env: ["PATH=/bin"] } }),
  );
  await Bun.$`skopeo copy -q docker-archive:${dir}/docker.tar oci:${dir}/layout:busybox:test`.quiet();
  const name = "docker.io/library/busybox:test";
  await Bun.$`skopeo copy -q docker-archive:${dir}/docker.tar oci-archive:${dir}/oci.tar:${name}`.quiet();
  await Bun.$`skopeo copy -q --dest-compress-format zstd docker-archive:${dir}/docker.tar oci:${dir}/zstd:t`.quiet();
  await Bun.$`tar -C ${dir}/layout -cf ${dir}/layout.tar . && tar -C ${dir}/zstd -cf ${dir}/zstd.tar .`.quiet();
  await Bun.$`gzip -k ${dir}/docker.tar && zstd -q ${dir}/docker.tar && xz -k -0 ${dir}/docker.tar`.quiet();
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const file = (name: string) => chunked(readFileSync(join(dir, name)), 1 << 16);

test("the same image from every form of archive", async () => {
  await using store = new TestStore();
  const loaded: string[] = [];
  for (const name of [
    "docker.tar",
    "docker.tar.gz",
    "docker.tar.zst",
    "docker.tar.xz",
    "oci.tar",
    "layout.tar",
    "zstd.tar",
  ]) {
    loaded.push(textOf(await collect(loadImages(store.deps, file(name)))));
  }
  const { id } = resolveImage(store.deps, "busybox:test");
  for (const text of loaded.slice(0, 6)) expect(text).toEndWith("Loaded image: busybox:test\n");
  expect(loaded[6]).toMatch(/^Loaded image ID: sha256:/);
  // One set of files, whatever it came in.
  expect((await store.deps.snapshotter.list()).chainIds).toEqual([digestOf(busybox)]);
  expect(inspectImage(store.deps, "busybox:test")).toMatchObject({
    Id: id,
    Config: { Cmd: ["sh"] },
    RootFS: { Type: "layers", Layers: [digestOf(busybox)] },
  });
  expect(imageHistory(store.deps, id)).toHaveLength(1);

  await createRootfs(store.deps, "c", resolveImage(store.deps, id));
  const root = await mountRootfs(store.deps, "c", { bare: true });
  expect(readdirSync(root).sort()).toEqual(["bin", "dev", "etc", "home", "proc", "root", "sys", "tmp", "usr", "var"]);
  expect((await Bun.$`chroot ${root} /bin/sh -c "stat -c %a /tmp; busybox | head -1"`.text()).split("\n")[0]).toBe(
    "1777",
  );
  await removeRootfs(store.deps, "c");
});

test("skopeo reads what we save: as Docker archive and as OCI layout", async () => {
  await using store = new TestStore();
  const parent = await store.load(file("oci.tar"), "busybox:test");
  await createRootfs(store.deps, "c", parent);
  const root = await mountRootfs(store.deps, "c");
  writeFileSync(join(root, "etc/new"), "made here");
  rmSync(join(root, "etc/group"));
  rmSync(join(root, "var"), { recursive: true });
  mkdirSync(join(root, "var"));
  const image = await commitRootfs(store.deps, { containerId: "c", parent, config: { Cmd: ["x"] }, ref: "mine:1" });
  await removeRootfs(store.deps, "c");

  writeFileSync(join(dir, "ours.tar"), await bytesOf(await saveImages(store.deps, ["mine:1"])));
  for (const transport of ["docker-archive", "oci-archive"]) {
    const target = join(dir, `back-${transport}`);
    await Bun.$`skopeo copy -q ${transport}:${dir}/ours.tar dir:${target}`.quiet();
    const manifest = JSON.parse(readFileSync(join(target, "manifest.json"), "utf8"));
    expect(manifest.config.digest).toBe(image.id);
    expect(manifest.layers).toHaveLength(2);
  }
  const inspected = JSON.parse(await Bun.$`skopeo inspect --config docker-archive:${dir}/ours.tar`.text());
  expect(inspected.rootfs.diff_ids).toEqual(image.diffIds);
  const listed =
    await Bun.$`tar -xOf ${dir}/ours.tar blobs/sha256/${image.diffIds[1]?.slice(7) ?? ""} | tar -tf -`.text();
  expect(listed.trim().split("\n")).toEqual(["etc/", "etc/.wh.group", "etc/new", "var/", "var/.wh..wh..opq"]);
});
