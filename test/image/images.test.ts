import { expect, test } from "bun:test";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Filters } from "../../src/api/filters.ts";
import { importImage } from "../../src/image/archive/import.ts";
import { loadImages } from "../../src/image/archive/load.ts";
import { saveImages } from "../../src/image/archive/save.ts";
import { pruneImages } from "../../src/image/collect/prune.ts";
import { commitRootfs } from "../../src/image/commit.ts";
import {
  createRootfs,
  mountRootfs,
  removeRootfs,
  rootfsChanges,
  rootfsUsage,
  unmountRootfs,
} from "../../src/image/layer/rootfs.ts";
import { removeImage } from "../../src/image/remove.ts";
import { resolveImage } from "../../src/image/resolve.ts";
import { tagImage, targetReference } from "../../src/image/tag.ts";
import { imagesDiskUsage } from "../../src/image/view/disk-usage.ts";
import { imageHistory } from "../../src/image/view/history.ts";
import { inspectImage } from "../../src/image/view/inspect.ts";
import { listImages } from "../../src/image/view/list.ts";
import { mountsBelow } from "../leftovers.ts";
import { bytesOf, chunked, collect, dockerArchive, failure, TestStore, tarOf, textOf } from "./harness.ts";

const base = tarOf(
  { name: "etc", type: "directory", mode: 0o755 },
  { name: "etc/passwd", content: "root:x:0:0::/:/bin/sh\n" },
  { name: "etc/old", content: "gone soon" },
  { name: "srv", type: "directory", mode: 0o755 },
  { name: "srv/a", content: "a" },
  { name: "srv/b", content: "b" },
);
const second = tarOf(
  { name: "etc/.wh.old" },
  { name: "srv", type: "directory", mode: 0o700 },
  { name: "srv/.wh..wh..opq" },
  { name: "srv/c", content: "cc" },
);
const twoLayers = dockerArchive({
  tags: ["two:1"],
  layers: [base, second],
  config: { Cmd: ["/bin/sh"], Labels: { kind: "test" } },
});

/** A container as the database knows it. */
function addContainer(store: TestStore, id: string, imageId: string, running: boolean): void {
  store.deps.store.run(
    "INSERT INTO container (id, name, image_id, created, config_json, state_json, running) VALUES (?, ?, ?, " +
      "'2024', '{}', '{}', ?)",
    [id, id, imageId, running ? 1 : 0],
  );
}

test.each(["overlay2", "vfs"])("layers stack, with deletions, on %s", async (driver) => {
  await using store = new TestStore(driver);
  const { deps } = store;
  const events = await collect(loadImages(deps, chunked(twoLayers)));
  expect(textOf(events)).toBe("Loaded image: two:1\n");
  expect(store.events).toEqual(["load two:1"]);
  const image = resolveImage(deps, "two:1");
  expect(image.chainIds).toHaveLength(2);

  await createRootfs(deps, "c1", image);
  const root = await mountRootfs(deps, "c1");
  expect(await mountRootfs(deps, "c1")).toBe(root);
  expect(existsSync(join(root, "etc/old"))).toBe(false);
  expect(existsSync(join(root, "srv/a"))).toBe(false);
  expect(readFileSync(join(root, "srv/c"), "utf8")).toBe("cc");
  expect(await rootfsChanges(deps, "c1")).toEqual([]);

  writeFileSync(join(root, "srv/c"), "changed");
  rmSync(join(root, "etc/passwd"));
  mkdirSync(join(root, "new"));
  writeFileSync(join(root, "new/file"), "12345");
  expect(await rootfsChanges(deps, "c1")).toEqual([
    { Path: "/etc", Kind: 0 },
    { Path: "/etc/passwd", Kind: 2 },
    { Path: "/new", Kind: 1 },
    { Path: "/new/file", Kind: 1 },
    { Path: "/srv", Kind: 0 },
    { Path: "/srv/c", Kind: 0 },
  ]);
  if (driver === "overlay2") expect(await rootfsUsage(deps, "c1")).toEqual({ rw: 12, root: 12 + image.size });
  await unmountRootfs(deps, "c1");
  await unmountRootfs(deps, "c1");
  expect(mountsBelow(store.dir)).toEqual([]);
  expect(existsSync(root)).toBe(false);
  await removeRootfs(deps, "c1");
  await removeRootfs(deps, "c1");
});

test.each(["overlay2", "vfs"])("commit keeps what a container did, and its container, on %s", async (driver) => {
  await using store = new TestStore(driver);
  const { deps } = store;
  const parent = await store.load(twoLayers, "two:1");
  await createRootfs(deps, "c1", parent);
  const root = await mountRootfs(deps, "c1");
  rmSync(join(root, "etc/passwd"));
  writeFileSync(join(root, "srv/d"), "dd");
  rmSync(join(root, "srv/c"));

  const request = {
    containerId: "c1",
    parent,
    config: { Cmd: ["d"] },
    author: "me",
    comment: "why",
    createdBy: "sh -c x",
  };
  const image = await commitRootfs(deps, { ...request, ref: "made" });
  expect(image.repoTags).toEqual(["made:latest"]);
  expect(image.parentId).toBe(parent.id);
  expect(image.diffIds.slice(0, 2)).toEqual(parent.diffIds);
  expect(store.events).toContain("tag made:latest");
  expect(
    imageHistory(deps, "made").map(({ Id, CreatedBy, Comment, Size, Tags }) => ({
      Id,
      CreatedBy,
      Comment,
      Size,
      Tags,
    })),
  ).toEqual([
    { Id: image.id, CreatedBy: "sh -c x", Comment: "why", Size: 2, Tags: ["made:latest"] },
    { Id: parent.id, CreatedBy: "layer 1", Comment: "", Size: 2, Tags: ["two:1"] },
    { Id: "<missing>", CreatedBy: "layer 0", Comment: "", Size: 33, Tags: [] },
  ]);
  // The container goes on as it was.
  writeFileSync(join(root, "srv/e"), "later");
  await createRootfs(deps, "c2", image);
  const other = await mountRootfs(deps, "c2");
  expect(readFileSync(join(other, "srv/d"), "utf8")).toBe("dd");
  for (const gone of ["etc/passwd", "srv/c", "srv/e", "srv/a"]) expect(existsSync(join(other, gone))).toBe(false);
  // Nothing changed: no layer, but an entry in the history.
  const same = await commitRootfs(deps, { ...request, containerId: "c2", parent: image });
  expect(same.diffIds).toEqual(image.diffIds);
  expect(same.config.history?.at(-1)?.empty_layer).toBe(true);
  await removeRootfs(deps, "c1");
  await removeRootfs(deps, "c2");
});

test.each(["overlay2", "vfs"])("save and load return the same image, layers made here too, on %s", async (driver) => {
  await using store = new TestStore(driver);
  const { deps } = store;
  const parent = await store.load(twoLayers, "two:1");
  await createRootfs(deps, "c1", parent);
  const root = await mountRootfs(deps, "c1");
  writeFileSync(join(root, "srv/d"), "dd");
  rmSync(join(root, "srv/c"));
  const image = await commitRootfs(deps, { containerId: "c1", parent, config: { Cmd: ["d"] }, ref: "made:x" });
  await removeRootfs(deps, "c1");
  // A layer made here is packed again from its files, at any time.
  await Bun.sleep(1100);
  const archive = await bytesOf(await saveImages(deps, ["made:x", "two"]));
  expect(store.events.filter((event) => event.startsWith("save"))).toHaveLength(2);

  await using other = new TestStore(driver);
  const events = await collect(loadImages(other.deps, chunked(archive)));
  expect(textOf(events)).toBe("Loaded image: made:x\nLoaded image: two:1\n");
  expect(resolveImage(other.deps, "made:x").id).toBe(image.id);
  expect(resolveImage(other.deps, "two:1").id).toBe(parent.id);
  expect(await bytesOf(await saveImages(other.deps, ["made:x", "two"]))).toEqual(archive);
});

test("names: tag, resolve, list, untag, remove", async () => {
  await using store = new TestStore();
  const { deps } = store;
  const image = await store.load(twoLayers, "two:1");
  tagImage(deps, "two:1", "localhost:5000/my/two");
  tagImage(deps, image.id.slice(7, 19), "other", "v2");
  for (const name of [
    image.id,
    image.id.slice(7),
    image.id.slice(7, 15),
    image.id.slice(0, 20),
    "other:v2",
    "docker.io/library/two:1",
    "localhost:5000/my/two",
  ]) {
    expect(resolveImage(deps, name).id).toBe(image.id);
  }
  expect(() => resolveImage(deps, "none")).toThrow("No such image: none:latest");
  expect(() => resolveImage(deps, "two")).toThrow("No such image: two:latest");
  expect(() => resolveImage(deps, `sha256:${"0".repeat(64)}`)).toThrow(`No such image: sha256:${"0".repeat(64)}`);
  expect(() => resolveImage(deps, "Two:1")).toThrow(
    "invalid reference format: repository name (library/Two) must be lowercase",
  );
  expect(() => tagImage(deps, "two:1", `a@sha256:${"0".repeat(64)}`)).toThrow("cannot import digest reference");
  expect(() => tagImage(deps, "two:1", "sha256", "abc")).toThrow(
    "refusing to create an ambiguous tag using digest algorithm as name",
  );

  const [summary] = listImages(deps);
  expect(summary).toMatchObject({
    Id: image.id,
    RepoTags: ["other:v2", "two:1", "localhost:5000/my/two:latest"],
    Size: 35,
    SharedSize: -1,
    Labels: { kind: "test" },
    Containers: 0,
    Created: 1704067200,
  });
  const by = (key: string, ...values: string[]) =>
    listImages(deps, { filters: new Filters([[key, values]]) }).flatMap((each) => each.RepoTags);
  expect(by("reference", "oth*")).toEqual(["other:v2"]);
  expect(by("reference", "localhost*/*/two")).toEqual(["localhost:5000/my/two:latest"]);
  expect(by("label", "kind=test")).toHaveLength(3);
  expect(by("label", "kind=x")).toEqual([]);
  expect(by("dangling", "true")).toEqual([]);
  expect(by("until", "2023-01-01")).toEqual([]);
  expect(() => by("nonsense", "x")).toThrow("invalid filter 'nonsense'");

  expect(await failure(removeImage(deps, image.id))).toContain(
    `conflict: unable to delete ${image.id.slice(7, 19)} (must be forced) - image is referenced in multiple ` +
      "repositories",
  );
  expect(await removeImage(deps, "other:v2")).toEqual([{ Untagged: "other:v2" }]);
  expect(await removeImage(deps, "two:1")).toEqual([{ Untagged: "two:1" }]);
  const records = await removeImage(deps, "localhost:5000/my/two");
  expect(records).toEqual([
    { Untagged: "localhost:5000/my/two:latest" },
    { Deleted: image.id },
    ...image.chainIds.toReversed().map((chainId) => ({ Deleted: chainId })),
  ]);
  expect(store.events.filter((event) => event.startsWith("delete"))).toEqual([`delete ${image.id}`]);
  expect(await deps.snapshotter.list()).toEqual({ keys: [], chainIds: [] });
  expect(await collect(deps.blobs.list())).toEqual([]);
});

test("an image in use is not removed", async () => {
  await using store = new TestStore();
  const { deps } = store;
  const image = await store.load(twoLayers, "two:1");
  const short = image.id.slice(7, 19);
  addContainer(store, "runner-long-id-1", image.id, true);
  expect(await failure(removeImage(deps, "two:1"))).toContain(
    `conflict: unable to remove repository reference "two:1" (must force) - container runner-long- is using ` +
      `its referenced image ${short}`,
  );
  expect(await failure(removeImage(deps, short))).toContain(
    `conflict: unable to delete ${short} (cannot be forced) - image is being used by running container runner-long-`,
  );
  expect(await failure(removeImage(deps, short, { force: true }))).toContain("cannot be forced");
  expect(await removeImage(deps, "two:1", { force: true })).toEqual([{ Untagged: "two:1" }]);
  deps.store.run("UPDATE container SET running = 0");
  expect(await failure(removeImage(deps, short))).toContain(
    `conflict: unable to delete ${short} (must be forced) - image is being used by stopped container runner-long-`,
  );
  await createRootfs(deps, "runner-long-id-1", image);
  await removeImage(deps, short, { force: true });
  // The container still has all that it stands upon.
  const root = await mountRootfs(deps, "runner-long-id-1");
  expect(readFileSync(join(root, "srv/c"), "utf8")).toBe("cc");
  await removeRootfs(deps, "runner-long-id-1");
  expect(await deps.snapshotter.list()).toEqual({ keys: [], chainIds: [] });
});

test("children hold their parents, and take them along", async () => {
  await using store = new TestStore();
  const { deps } = store;
  const parent = await store.load(twoLayers, "two:1");
  await createRootfs(deps, "c1", parent);
  writeFileSync(join(await mountRootfs(deps, "c1"), "x"), "x");
  const child = await commitRootfs(deps, { containerId: "c1", parent, config: {}, ref: "child" });
  await removeRootfs(deps, "c1");
  expect(await failure(removeImage(deps, parent.id.slice(7, 19)))).toContain(
    "(cannot be forced) - image has dependent child images",
  );
  expect(await removeImage(deps, "two:1")).toEqual([{ Untagged: "two:1" }]);
  expect(listImages(deps).map((image) => image.Id)).toEqual([child.id]);
  expect(listImages(deps, { all: true })).toHaveLength(2);
  const deleted = (await removeImage(deps, "child")).flatMap((record) => record.Deleted ?? []);
  expect(deleted.filter((id) => id === child.id || id === parent.id)).toEqual([child.id, parent.id]);
  expect(await deps.snapshotter.list()).toEqual({ keys: [], chainIds: [] });
});

test("prune takes what has no name; with dangling=false what no container uses", async () => {
  await using store = new TestStore();
  const { deps } = store;
  const image = await store.load(twoLayers, "two:1");
  const other = await store.load(dockerArchive({ tags: ["two:1"], layers: [base] }), "two:1");
  await store.load(dockerArchive({ tags: ["used:1"], layers: [second], config: { Labels: { keep: "" } } }), "used:1");
  expect(resolveImage(deps, image.id).repoTags).toEqual([]);
  const usage = imagesDiskUsage(deps);
  expect(usage).toMatchObject({ TotalCount: 3, ActiveCount: 0, TotalSize: 33 + 2 + 2 });
  expect(listImages(deps, { sharedSize: true }).find((item) => item.Id === other.id)).toMatchObject({
    SharedSize: 33,
    Size: 33,
  });
  const pruned = await pruneImages(deps);
  expect(pruned.ImagesDeleted?.map((item) => item.Deleted)).toEqual([image.id, image.chainIds[1]]);
  expect(pruned.SpaceReclaimed).toBe(2);
  expect((await pruneImages(deps)).ImagesDeleted).toBeNull();
  addContainer(store, "c", other.id, false);
  expect(
    (
      await pruneImages(
        deps,
        new Filters([
          ["dangling", ["false"]],
          ["label!", ["keep"]],
        ]),
      )
    ).ImagesDeleted,
  ).toBeNull();
  const all = await pruneImages(deps, new Filters([["dangling", ["false"]]]));
  expect(all.ImagesDeleted?.[0]).toEqual({ Untagged: "used:1" });
  expect(listImages(deps).flatMap((each) => each.RepoTags)).toEqual(["two:1"]);
  expect(store.events).toContain("prune ");
});

test("import makes an image of a root filesystem", async () => {
  await using store = new TestStore();
  const { deps } = store;
  const [{ status: id = "" } = {}] = await collect(
    importImage(deps, chunked(Buffer.from(Bun.gzipSync(new Uint8Array(base)))), {
      name: targetReference("imported", "1"),
      changes: ["CMD echo hi", "ENV A=b", "EXPOSE 80"],
      message: "from a test",
    }),
  );
  expect(inspectImage(deps, "imported:1")).toMatchObject({
    Id: id,
    RepoTags: ["imported:1"],
    Comment: "from a test",
    Os: "linux",
    Size: 33,
    Config: { Cmd: ["/bin/sh", "-c", "echo hi"], Env: ["A=b"], ExposedPorts: { "80/tcp": {} } },
  });
  expect(store.events).toEqual(["tag imported:1", `import ${id}`]);
  expect(
    await failure(
      collect(importImage(deps, chunked(Buffer.from("no archive at all, but long enough to be one".repeat(20))))),
    ),
  ).toContain("archive/tar: invalid tar header");
  expect((await deps.snapshotter.list()).keys).toEqual([]);
});

test("broken archives leave nothing", async () => {
  await using store = new TestStore();
  const { deps } = store;
  const lying = dockerArchive({ tags: ["x:1"], layers: [base] });
  // The layer's content is not what the configuration says.
  lying.write("ROOT", lying.indexOf("root:x:0"));
  expect(await failure(collect(loadImages(deps, chunked(lying))))).toContain("wrong diff id calculated on extraction");
  expect(await failure(collect(loadImages(deps, chunked(twoLayers.subarray(0, 3000)))))).toContain("unexpected EOF");
  expect(await failure(collect(loadImages(deps, chunked(tarOf({ name: "x" })))))).toContain(
    "neither a Docker image archive nor an OCI layout",
  );
  expect(await failure(collect(loadImages(deps, chunked(tarOf({ name: "manifest.json", content: "[{" })))))).toContain(
    "invalid manifest.json",
  );
  expect(listImages(deps)).toEqual([]);
  expect(await deps.snapshotter.list()).toEqual({ keys: [], chainIds: [] });
  expect(await collect(deps.blobs.list())).toEqual([]);
});
