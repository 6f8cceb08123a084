/** What `system df` counts: each layer once, and what can be freed as Docker's command line reckons it. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { Daemon } from "../harness.ts";

let daemon: Daemon;
const megabyte = 1_000_000;

beforeAll(async () => {
  daemon = await Daemon.start();
  // As an archive: the folders that our own client sends stay in the cache, for themselves.
  const context = await new Bun.Archive({
    common: new Uint8Array(2 * megabyte).fill(1),
    own: new Uint8Array(megabyte).fill(2),
    first: "FROM busybox\nCOPY common /common\n",
    second: "FROM first\nCOPY own /own\n",
  }).bytes();
  for (const name of ["first", "second"]) {
    const built = await fetch(`http://d/build?t=${name}&dockerfile=${name}`, {
      unix: daemon.socket,
      method: "POST",
      body: context,
      headers: { "content-type": "application/x-tar" },
    });
    expect(await built.text()).toContain(`Successfully tagged ${name}:latest`);
  }
  await daemon.ok("create", "--name", "user", "second");
});
afterAll(async () => {
  await daemon[Symbol.asyncDispose]();
});

const usage = async (path: string) => (await daemon.api("GET", path)).json;

test("of images all can be freed but what those in use have for themselves", async () => {
  const { ImageUsage, Images, LayersSize } = await usage("/v1.52/system/df");
  const second = Images.find((image: { RepoTags: string[] }) => image.RepoTags.includes("second:latest"));
  expect(second.Size - second.SharedSize).toBe(megabyte);
  expect(ImageUsage).toMatchObject({
    TotalCount: 3,
    ActiveCount: 1,
    TotalSize: LayersSize,
    Reclaimable: LayersSize - megabyte,
  });
  const verbose = await usage("/v1.52/system/df?verbose=1");
  expect([verbose.ImageUsage.Reclaimable, verbose.ImageUsage.Items.length]).toEqual([LayersSize - megabyte, 3]);
});

test("what the build cache shares with images counts with the images", async () => {
  const before = (await usage("/v1.52/system/df")).BuildCacheUsage;
  expect(before).toMatchObject({ TotalCount: 2, ActiveCount: 0, TotalSize: 0, Reclaimable: 0 });
  // Old clients get the sum of all.
  expect((await usage("/v1.41/system/df")).BuilderSize).toBe(3 * megabyte);
  const lines = async (command: "docker" | "berth") =>
    (
      await daemon[command](
        "system",
        "df",
        "--format",
        "{{.Type}} {{.TotalCount}} {{.Active}} {{.Size}} {{.Reclaimable}}",
      )
    ).stdout;
  expect(await lines("berth")).toBe(await lines("docker"));
  await daemon.ok("rm", "user");
  await daemon.ok("rmi", "second");
  const after = (await usage("/v1.52/system/df")).BuildCacheUsage;
  expect(after).toMatchObject({ TotalCount: 2, TotalSize: megabyte, Reclaimable: megabyte });
  expect(await lines("berth")).toBe(await lines("docker"));
});

test("kinds that were not asked for are null, and unknown ones mean something from 1.42 on only", async () => {
  const shape = async (path: string): Promise<Record<string, boolean>> => {
    const { LayersSize, ...lists } = await usage(path);
    return {
      size: LayersSize > 0,
      ...Object.fromEntries(Object.entries(lists).map(([kind, list]) => [kind, list !== null])),
    };
  };
  for (const version of ["1.42", "1.44", "1.51"]) {
    expect(await shape(`/v${version}/system/df?type=image`)).toEqual({
      size: true,
      Images: true,
      Containers: false,
      Volumes: false,
      BuildCache: false,
    });
    expect(await shape(`/v${version}/system/df?type=container&type=volume`)).toEqual({
      size: false,
      Images: false,
      Containers: true,
      Volumes: true,
      BuildCache: false,
    });
    const { status, json } = await daemon.api("GET", `/v${version}/system/df?type=bad`);
    expect([status, json.message]).toEqual([400, "unknown object type: bad"]);
  }
  for (const version of ["1.25", "1.41"]) {
    for (const type of ["image", "bad"]) {
      expect(await shape(`/v${version}/system/df?type=${type}`)).toMatchObject({
        size: true,
        Images: true,
        Containers: true,
        Volumes: true,
        BuildCache: true,
      });
    }
  }
});

test("an image without names has none for old clients", async () => {
  const made = await daemon.ok("create", "busybox");
  const id = await daemon.ok("commit", made);
  const { Images } = await usage("/v1.51/system/df");
  expect(Images.find((image: { Id: string }) => image.Id === id)).toMatchObject({ RepoTags: null, RepoDigests: null });
});
