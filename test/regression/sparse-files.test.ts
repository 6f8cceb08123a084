/** Archives that claim more than they bring, and files with holes: nobody waits for zeros, and nobody writes them. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Daemon, sh, until } from "../harness.ts";

const GiB = 2 ** 30;
let daemon: Daemon;
let work: string;
beforeAll(async () => {
  daemon = await Daemon.start({ direct: "how long an answer takes is measured" });
  work = join(daemon.root, "work");
  mkdirSync(work);
  await daemon.ok("create", "--name", "target", "busybox", "true");
});
afterAll(() => daemon?.[Symbol.asyncDispose]());

/** An archive that GNU tar writes of a file of so many bytes, with data at the front and at the end alone. */
async function sparseArchive(
  bytes: number,
  format: "gnu" | "posix",
  extra: Record<string, string> = {},
): Promise<Uint8Array> {
  const dir = join(work, "archive");
  rmSync(dir, { recursive: true, force: true });
  mkdirSync(dir);
  for (const [name, content] of Object.entries(extra)) writeFileSync(join(dir, name), content);
  writeFileSync(join(dir, "disk"), "front");
  await sh(["truncate", "-s", String(bytes), join(dir, "disk")]);
  await sh(["tar", "-C", dir, "-S", `--format=${format}`, "-cf", join(work, "archive.tar"), "."]);
  return new Uint8Array(await Bun.file(join(work, "archive.tar")).arrayBuffer());
}

/** The longest that somebody else waited for an answer while `work` went on, in milliseconds. */
async function longestWait<T>(running: Promise<T>): Promise<{ result: T; wait: number }> {
  let over = false;
  const finished = running.finally(() => (over = true));
  let wait = 0;
  while (!over) {
    const began = performance.now();
    await fetch("http://d/_ping", { unix: daemon.socket });
    wait = Math.max(wait, performance.now() - began);
    await Bun.sleep(1);
  }
  return { result: await finished, wait };
}

const post = (path: string, body: Uint8Array, method = "POST") =>
  fetch(`http://d${path}`, { unix: daemon.socket, method, body, headers: { "content-type": "application/x-tar" } });
const used = async (path: string) => Number((await sh(["du", "-s", "--block-size=1", path])).stdout.split("\t")[0]);

test.each(
  [2, 8192].flatMap(
    (size) =>
      [
        [size, "gnu"],
        [size, "posix"],
      ] as const,
  ),
)(
  "%d GiB claimed in %s form are refused or taken as holes, and nobody waits",
  async (gigabytes, format) => {
    const archive = await sparseArchive(gigabytes * GiB, format, { Dockerfile: "FROM busybox\nLABEL a=b\n" });
    for (const [method, path] of [
      ["POST", "/build?t=claims"],
      ["POST", "/images/create?fromSrc=-&repo=claims"],
      ["PUT", "/containers/target/archive?path=/tmp"],
      ["POST", "/images/load"],
    ] as const) {
      const { result, wait } = await longestWait(
        post(path, archive, method).then(async (answer) => ({ status: answer.status, text: await answer.text() })),
      );
      if (gigabytes > 1000)
        expect(`${path} ${result.text}`).toMatch(path === "/images/load" ? /sparse member/ : /no space left on device/);
      expect(wait).toBeLessThan(1000);
    }
    await daemon.docker("rmi", "-f", "claims");
  },
  120_000,
);

test("a sparse file of a build context arrives whole, and stays sparse", async () => {
  const archive = await sparseArchive(256 << 20, "posix", { Dockerfile: "FROM busybox\nCOPY disk /disk\n" });
  const before = await used(daemon.dataRoot);
  const built = await post("/build?t=sparse", archive);
  expect(await built.text()).toContain("Successfully built");
  expect(
    await daemon.ok(
      "run",
      "--rm",
      "sparse",
      "sh",
      "-c",
      "stat -c %s /disk; head -c 5 /disk; echo; tr -d '\\0' < /disk | wc -c",
    ),
  ).toBe(`${256 << 20}\nfront\n5`);
  expect((await used(daemon.dataRoot)) - before).toBeLessThan(32 << 20);
  // Another map of holes is another file: the cache tells them apart.
  const other = await sparseArchive((256 << 20) + 4096, "posix", { Dockerfile: "FROM busybox\nCOPY disk /disk\n" });
  await (await post("/build?t=sparse", other)).text();
  expect(await daemon.ok("run", "--rm", "sparse", "stat", "-c", "%s", "/disk")).toBe(String((256 << 20) + 4096));
}, 60_000);

test("commit, save, load, cp and export write no zeros", async () => {
  const size = 400 << 20;
  await daemon.ok(
    "run",
    "--name",
    "holes",
    "busybox",
    "sh",
    "-c",
    `printf front > /disk; truncate -s ${size} /disk; printf end >> /disk`,
  );
  const before = await used(daemon.dataRoot);
  await daemon.ok("commit", "holes", "holes:1");
  await daemon.ok("save", "-o", join(work, "saved.tar"), "holes:1");
  await daemon.ok("rmi", "holes:1");
  await daemon.ok("load", "-i", join(work, "saved.tar"));
  rmSync(join(work, "saved.tar"));
  await daemon.ok("create", "--name", "again", "holes:1", "true");
  const piped = await sh([
    "sh",
    "-c",
    `docker -H ${daemon.host} cp holes:/disk - | docker -H ${daemon.host} cp - again:/tmp`,
  ]);
  expect(piped).toMatchObject({ exitCode: 0, stderr: "" });
  await daemon.ok("commit", "again", "holes:2");
  expect(
    await daemon.ok(
      "run",
      "--rm",
      "holes:2",
      "sh",
      "-c",
      "stat -c %s /disk /tmp/disk; for f in /disk /tmp/disk; do head -c 5 $f; tail -c 3 $f; done",
    ),
  ).toBe(`${size + 3}\n${size + 3}\nfrontendfrontend`);
  const exported = await sh(["sh", "-c", `docker -H ${daemon.host} export again | wc -c`]);
  expect(Number(exported.stdout)).toBeGreaterThan(2 * size);
  expect((await used(daemon.dataRoot)) - before).toBeLessThan(16 << 20);
}, 120_000);

test("work ends with whoever asked for it, and others have room beside it", async () => {
  await daemon.ok("run", "--name", "huge", "busybox", "truncate", "-s", String(2048 * GiB), "/huge");
  await daemon.ok("run", "--name", "small", "busybox", "touch", "/small");
  const asked: Bun.Subprocess[] = [];
  for (const command of [
    ["commit", "huge", "never"],
    ["commit", "huge", "never"],
    ["commit", "huge", "never"],
    ["export", "-o", "/dev/null", "huge"],
    ["cp", "huge:/huge", "-"],
  ]) {
    asked.push(Bun.spawn(["docker", "-H", daemon.host, ...command], { stdio: ["ignore", "ignore", "ignore"] }));
  }
  await until("the work to begin", async () => (await busyThreads()) > 0);
  const beside = await longestWait(daemon.ok("commit", "small", "small:1"));
  expect(beside.wait).toBeLessThan(300);
  for (const child of asked) child.kill("SIGKILL");
  await Promise.all(asked.map((child) => child.exited));
  await until("the engine to rest", async () => (await busyThreads()) === 0, 20_000);
  await daemon.ok("commit", "small", "small:2");
  await daemon.ok("rm", "huge");
  expect(
    (await daemon.api("GET", "/images/json?all=1")).json.flatMap((image: { RepoTags: string[] }) => image.RepoTags),
  ).not.toContain("never:latest");
}, 120_000);

/** Threads of the daemon that used more than a tenth of the last 300 ms. */
async function busyThreads(): Promise<number> {
  const times = async () =>
    new Map(
      (await sh(["sh", "-c", `cat /proc/${await serverPid()}/task/*/stat`])).stdout
        .trim()
        .split("\n")
        .map((line) => {
          const fields = line.slice(line.lastIndexOf(")") + 2).split(" ");
          return [line.split(" ")[0] ?? "", Number(fields[11]) + Number(fields[12])] as const;
        }),
    );
  const before = await times();
  await Bun.sleep(300);
  return [...(await times())].filter(([thread, ticks]) => ticks - (before.get(thread) ?? ticks) > 3).length;
}

async function serverPid(): Promise<number> {
  return Number(await Bun.file(join(daemon.root, "berth.pid")).text());
}
