/** What belongs to nothing is found and removed, what is in use or not ours is left alone. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { detectCgroups } from "../../src/linux/cgroup.ts";
import { cgroupDirs } from "../../src/linux/cgroup-tree.ts";
import { mount, unmount } from "../../src/linux/mount.ts";
import { createNetns } from "../../src/linux/namespace.ts";
import { Daemon, sh, until } from "../harness.ts";

let daemon: Daemon;
beforeAll(async () => {
  daemon = await Daemon.start();
});
afterAll(async () => {
  await daemon?.[Symbol.asyncDispose]();
});

const id = "ab".repeat(32);
const check = async (...options: string[]) => {
  const { exitCode, stdout, stderr } = await daemon.berth(
    "system",
    "check",
    "--format",
    "{{.State}} {{.Object}}",
    ...options,
  );
  expect(stderr).toBe("");
  return { exitCode, lines: stdout.trim().split("\n").filter(Boolean).sort() };
};

test("orphans of every kind are found, then removed; what runs goes on", async () => {
  await daemon.ok("run", "-d", "--name", "user", "-v", "used:/d", "busybox", "sleep", "600");
  expect(await check()).toEqual({ exitCode: 0, lines: [] });
  const { dataRoot, execRoot, instance } = daemon;

  const make = (path: string) => mkdirSync(path, { recursive: true }) ?? path;
  make(`${dataRoot}/layers/active/${id}/diff/etc`);
  make(`${dataRoot}/layers/sha256/${id}/diff/etc`);
  const digest = createHash("sha256").update("nobody's").digest("hex");
  writeFileSync(`${dataRoot}/blobs/sha256/${digest}`, "nobody's");
  make(`${dataRoot}/volumes/lost/_data`);
  writeFileSync(`${dataRoot}/volumes/lost/_data/file`, "precious");
  make(`${dataRoot}/containers/${id}`);
  make(`${execRoot}/containers/${id}/rootfs`);
  mount("none", `${execRoot}/containers/${id}/rootfs`, "tmpfs");
  createNetns(`${execRoot}/netns/${id}`);
  const cgroups = cgroupDirs(detectCgroups(), `/berth-${instance}`).filter(existsSync);
  for (const parent of cgroups) mkdirSync(`${parent}/${id}`);
  await daemon.ok("volume", "create", "idle");
  mount("none", `${dataRoot}/volumes/idle/_data`, "tmpfs");
  writeFileSync(`${dataRoot}/tmp/image`, new Uint8Array(1 << 20));
  const device = (await sh(["losetup", "--show", "-f", `${dataRoot}/tmp/image`])).stdout.trim();

  // Not ours, though it looks alike.
  const strange = cgroupDirs(detectCgroups(), `/berth-00000000-test/${id}`);
  for (const dir of strange) mkdirSync(dir, { recursive: true });
  const elsewhere = `${daemon.root}/elsewhere`;
  mkdirSync(elsewhere);
  mount("none", elsewhere, "tmpfs");
  writeFileSync(`${dataRoot}/volumes/note.txt`, "a file");

  const orphans = [
    `blob sha256:${digest}`,
    ...cgroups.map((parent) => `control group ${parent}/${id}`),
    `device ${device}`,
    `folder ${dataRoot}/containers/${id}`,
    `folder ${execRoot}/containers/${id}`,
    `layer sha256:${id}`,
    `mount ${dataRoot}/volumes/idle/_data`,
    `network namespace ${id}`,
    `snapshot ${id}`,
  ];
  const lost = `folder ${dataRoot}/volumes/lost`;
  const found = [...orphans.map((what) => `extra ${what}`), `differs ${lost}`].sort();
  expect(await check()).toEqual({ exitCode: 1, lines: found });
  // Looking changes nothing.
  expect(await check()).toEqual({ exitCode: 1, lines: found });
  const { exitCode, lines } = await check("--repair");
  expect([exitCode, lines]).toEqual([0, [...orphans, lost].map((what) => `repaired ${what}`).sort()]);
  expect(await check()).toEqual({ exitCode: 0, lines: [] });

  expect(existsSync(`${dataRoot}/layers/active/${id}`)).toBe(false);
  expect(existsSync(`${execRoot}/containers/${id}`)).toBe(false);
  expect(await daemon.ok("run", "--rm", "-v", "lost:/d", "busybox", "cat", "/d/file")).toBe("precious");
  expect(await daemon.ok("inspect", "-f", "{{.State.Status}}", "user")).toBe("running");
  expect(await daemon.ok("exec", "user", "ls", "/d")).toBe("");
  for (const dir of strange) expect(existsSync(dir)).toBe(true);
  expect(readFileSync("/proc/self/mountinfo", "utf8")).toContain(elsewhere);
  expect(readFileSync(`${dataRoot}/volumes/note.txt`, "utf8")).toBe("a file");
  unmount(elsewhere);
  await sh(["rmdir", ...strange, ...strange.map((dir) => dir.slice(0, -id.length - 1))]);
  await daemon.ok("rm", "-f", "user");
  await daemon.ok("volume", "rm", "lost", "idle", "used");
  await sh(["rm", `${dataRoot}/volumes/note.txt`]);
});

test("what is under way is left alone: a build, a pull of an archive, a volume in the making", async () => {
  const directory = `${daemon.root}/context`;
  mkdirSync(directory);
  writeFileSync(`${directory}/Dockerfile`, "FROM busybox\nRUN sleep 2 && echo built >/built\nCOPY Dockerfile /d\n");
  const { promise, resolve } = Promise.withResolvers<void>();
  const archive = await new Bun.Archive({ file: new Uint8Array(3 << 20).fill(1) }).bytes();
  const slow = () =>
    new ReadableStream({
      async start(controller) {
        controller.enqueue(archive.subarray(0, 2 << 20));
        await promise;
        controller.enqueue(archive.subarray(2 << 20));
        controller.close();
      },
    });
  const send = (path: string) => fetch(`http://d${path}`, { unix: daemon.engineSocket, method: "POST", body: slow() });
  const jobs = [send("/berth/volumes/import?name=slow"), send("/images/create?fromSrc=-&repo=slow")];
  const build = daemon.berth("build", "-t", "built", directory);
  await until("the build to run", async () => (await sh(["pgrep", "-f", "sleep 2 && echo built"])).stdout !== "");
  for (let round = 0; round < 5; round++) expect(await check("--repair")).toEqual({ exitCode: 0, lines: [] });
  resolve();
  expect((await build).exitCode).toBe(0);
  for (const job of jobs) expect((await job).status).toBeLessThan(300);
  expect(await daemon.ok("run", "--rm", "built", "cat", "/built")).toBe("built");
  expect(await daemon.ok("run", "--rm", "-v", "slow:/d", "busybox", "stat", "-c", "%s", "/d/file")).toBe(
    String(3 << 20),
  );
  expect(await check()).toEqual({ exitCode: 0, lines: [] });
  await daemon.ok("volume", "rm", "slow");
});
