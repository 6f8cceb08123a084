/** A database that is damaged, emptied or gone costs nobody a container, a volume or an image. */
import { Database } from "bun:sqlite";
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { closeSync, existsSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { Daemon, until } from "../harness.ts";

let daemon: Daemon;
beforeAll(async () => {
  daemon = await Daemon.start();
  await daemon.ok("volume", "create", "--label", "who=me", "kept");
  await daemon.ok("network", "create", "lan");
  await daemon.ok("tag", "busybox", "mine:1");
  const counting = "echo data > /mnt/file; echo written > /file; i=0; while :; do i=$((i+1)); echo $i; sleep 0.1; done";
  await daemon.ok(
    "run",
    "-d",
    "--name",
    "counter",
    "--network",
    "lan",
    "-v",
    "kept:/mnt",
    "busybox",
    "sh",
    "-c",
    counting,
  );
  await until("its beginning", async () => (await daemon.ok("logs", "counter")) !== "");
  // The end of a daemon renews the copy.
  await daemon.restart();
});
afterAll(() => daemon?.[Symbol.asyncDispose]());

const database = () => join(daemon.dataRoot, "berth.db");
const pid = () => daemon.ok("inspect", "-f", "{{.State.Pid}}", "counter");

/** The daemon ends at once, its database is hurt, and another comes. */
async function hurt(harm: () => void): Promise<string> {
  const before = daemon.log().length;
  await daemon.kill();
  harm();
  await daemon.up();
  return daemon.log().slice(before);
}

async function expectAll(): Promise<void> {
  expect(await daemon.ok("exec", "counter", "cat", "/file", "/mnt/file")).toBe("written\ndata");
  expect(await daemon.ok("volume", "inspect", "-f", "{{.Labels.who}}", "kept")).toBe("me");
  expect(await daemon.ok("network", "inspect", "-f", "{{len .Containers}}", "lan")).toBe("1");
  expect(await daemon.ok("image", "inspect", "-f", "{{index .RepoTags 0}}", "mine:1")).toContain("busybox");
  expect(await daemon.ok("run", "--rm", "mine:1", "echo", "new")).toBe("new");
}

describe("with a copy", () => {
  test.each([
    [
      "a damaged page",
      () => {
        const store = new Database(database());
        const found = store
          .query<{ pageno: number }, []>("SELECT pageno FROM dbstat WHERE name = 'container' AND pagetype = 'leaf'")
          .get();
        store.close();
        const fd = openSync(database(), "r+");
        writeSync(fd, Buffer.alloc(4096, 0x5a), 0, 4096, ((found?.pageno ?? 1) - 1) * 4096);
        closeSync(fd);
        rmSync(`${database()}-wal`, { force: true });
      },
    ],
    ["something else", () => writeFileSync(database(), "no database at all, but long enough to be one".repeat(100))],
    ["nothing", () => rmSync(database())],
  ])("%s: containers run on, and everything is known", async (_, harm) => {
    const running = await pid();
    const log = await hurt(harm);
    expect(log).toContain("the database could not be used, and was made anew");
    expect(log).toContain("from the copy of ");
    expect(await pid()).toBe(running);
    await expectAll();
    // The next one finds nothing to do.
    await daemon.restart();
    expect(await pid()).toBe(running);
  });

  test("the damaged ones are kept", () => {
    expect(readdirSync(daemon.dataRoot).filter((name) => /^berth\.db\.damaged-\d{8}T\d{6}Z$/.test(name))).toHaveLength(
      2,
    );
  });
});

test("without a copy: volumes and images are found, and what nothing tells of is put aside", async () => {
  const id = await daemon.ok("inspect", "-f", "{{.Id}}", "counter");
  const imageId = await daemon.ok("image", "inspect", "-f", "{{.Id}}", "busybox");
  const log = await hurt(() => {
    for (const name of [database(), `${database()}.copy`]) rmSync(name);
  });
  expect(log).toContain("from the data root alone");
  expect(log).toContain(`containers=${id.slice(0, 12)}`);
  expect(await daemon.ok("ps", "-aq")).toBe("");
  expect(await daemon.ok("run", "--rm", "-v", "kept:/mnt", imageId, "cat", "/mnt/file")).toBe("data");
  const lost = join(daemon.dataRoot, "lost");
  const [time = ""] = readdirSync(lost);
  expect(readFileSync(join(lost, time, "layers", id, "diff", "file"), "utf8")).toBe("written\n");
  expect(existsSync(join(lost, time, "containers", id))).toBe(true);
  await daemon.ok("tag", imageId, "busybox");
  await until("the end of what nobody knows", async () => (await daemon.strays()).length === 0);
});
