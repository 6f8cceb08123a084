/** A size limit holds for the one container or volume, whatever is killed; where there can be none it is refused. */
import { afterAll, afterEach, beforeAll, expect, test } from "bun:test";
import { existsSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Daemon, dockerClients, type Result, sh, until } from "../harness.ts";

let daemon: Daemon;
beforeAll(async () => {
  daemon = await Daemon.start({ args: ["--loop-quotas"] });
});
afterAll(async () => {
  await daemon?.[Symbol.asyncDispose]();
});

afterEach(async () => {
  const containers = await daemon.ok("ps", "-aq");
  if (containers !== "") await daemon.ok("rm", "-f", ...containers.split("\n"));
  const volumes = await daemon.ok("volume", "ls", "-q");
  if (volumes !== "") await daemon.ok("volume", "rm", ...volumes.split("\n"));
});

/** Mounts of the daemon's images, and the devices under them. */
const images = async () => {
  const { stdout } = await sh(["losetup", "--list", "--noheadings", "--output", "BACK-FILE"]);
  return stdout.split("\n").filter((file) => file.includes(daemon.dataRoot)).length;
};
/** A device goes a moment after its mount. */
const gone = () => until("the devices to be gone", async () => (await images()) === 0);
const fill = (megabytes: number, file: string) => [
  "sh",
  "-c",
  `dd if=/dev/zero of=${file} bs=1M count=${megabytes}; sync; stat -c %s ${file}`,
];

test("a volume takes as much as it may, and no more; others go on", async () => {
  expect(await daemon.ok("volume", "create", "-o", "size=32m", "small")).toBe("small");
  await daemon.ok("volume", "create", "large");
  await gone();
  const run = (...argv: string[]) =>
    daemon.docker("run", "--rm", "-v", "small:/small", "-v", "large:/large", "busybox", ...argv);
  const full = await run(...fill(64, "/small/x"));
  expect(full.stderr).toContain("No space left on device");
  expect(Number(full.stdout)).toBeGreaterThan(20 << 20);
  expect(Number(full.stdout)).toBeLessThan(33 << 20);
  expect((await run(...fill(64, "/large/x"))).stdout.trim()).toBe(String(64 << 20));
  await gone();
  expect(await daemon.ok("volume", "inspect", "-f", "{{.Options.size}}", "small")).toBe("32m");
  // What it takes on the disk, mounted or not.
  const size = async () => {
    const { Volumes } = (await daemon.api("GET", "/system/df?type=volume")).json;
    return Volumes.find(({ Name }: { Name: string }) => Name === "small").UsageData.Size;
  };
  expect(await size()).toBeGreaterThan(20 << 20);
  expect(await size()).toBeLessThan(34 << 20);
  expect((await run("rm", "/small/x")).exitCode).toBe(0);
  await until("the room to come back", async () => (await size()) < 8 << 20);
  await daemon.ok("volume", "rm", "small", "large");
  expect(readdirSync(`${daemon.dataRoot}/volumes`)).toEqual([]);
});

test("an image's files come into a limited volume, clones and renames keep the limit", async () => {
  await daemon.ok("volume", "create", "-o", "size=16m", "one");
  expect(await daemon.ok("run", "--rm", "-v", "one:/etc", "busybox", "ls", "/etc")).toContain("passwd");
  for (const argv of [
    ["rename", "one", "two"],
    ["clone", "two", "three"],
  ]) {
    const { exitCode, stderr } = await daemon.berth("volume", ...argv);
    expect([exitCode, stderr]).toEqual([0, ""]);
  }
  for (const name of ["two", "three"]) {
    const full = await daemon.docker("run", "--rm", "-v", `${name}:/d`, "busybox", ...fill(32, "/d/x"));
    expect(full.stderr).toContain("No space left on device");
    expect(await daemon.ok("run", "--rm", "-v", `${name}:/d`, "busybox", "ls", "/d")).toContain("passwd");
  }
  await gone();
  await daemon.ok("volume", "rm", "two", "three");
});

test("a container may write as much as it may, and no more; others go on", async () => {
  const run = (name: string, ...options: string[]) =>
    daemon.ok("run", "-d", "--name", name, ...options, "busybox", "sleep", "600");
  await run("small", "--storage-opt", "size=32m");
  await run("free");
  const full = await daemon.docker("exec", "small", ...fill(64, "/x"));
  expect(full.stderr).toContain("No space left on device");
  expect((await daemon.docker("exec", "free", ...fill(64, "/x"))).stdout.trim()).toBe(String(64 << 20));
  expect(await daemon.ok("inspect", "-f", "{{.HostConfig.StorageOpt.size}}", "small")).toBe("32m");
  expect(Number(await daemon.ok("inspect", "-s", "-f", "{{.SizeRw}}", "small"))).toBeGreaterThan(20 << 20);
  // It is one filesystem for what is written and what is changed.
  expect((await daemon.docker("exec", "small", "mv", "/bin/busybox", "/moved")).stderr).toContain("No space left");
  await daemon.ok("exec", "small", "rm", "/x");
  await daemon.ok("exec", "small", "sh", "-c", "echo here >/note");
  expect(await images()).toBe(1);

  expect(await daemon.ok("commit", "small", "of-small")).toStartWith("sha256:");
  expect(await daemon.ok("run", "--rm", "of-small", "cat", "/note")).toBe("here");
  expect(await daemon.ok("cp", "small:/note", "-")).toContain("here");

  // A daemon that is killed, and one that comes after the mounts have gone.
  await daemon.kill();
  await daemon.up();
  expect(await daemon.ok("exec", "small", "cat", "/note")).toBe("here");
  await daemon.ok("stop", "-t", "0", "small");
  await daemon.signal("SIGTERM");
  const [key] = readdirSync(`${daemon.dataRoot}/layers/images`).map((name) => name.replace(/\.ext4$/, ""));
  expect((await sh(["umount", `${daemon.dataRoot}/layers/active/${key}`])).exitCode).toBe(0);
  await gone();
  await daemon.up();
  expect(await daemon.ok("diff", "small")).toContain("A /note");
  await daemon.ok("start", "small");
  expect((await daemon.docker("exec", "small", ...fill(64, "/x"))).stderr).toContain("No space left on device");
  await daemon.ok("rm", "-f", "small", "free");
  await daemon.ok("rmi", "of-small");
  await gone();
  expect(readdirSync(`${daemon.dataRoot}/layers/images`)).toEqual([]);
});

test("a daemon that is killed while it makes limited things leaves nothing of them", async () => {
  for (const wait of [0, 15, 30, 45, 60, 90]) {
    const calls = [
      daemon.docker("volume", "create", "-o", "size=64m", "half"),
      daemon.docker("create", "--name", "half", "--storage-opt", "size=64m", "busybox"),
    ];
    await Bun.sleep(20 + wait);
    await daemon.kill();
    await Promise.all(calls);
    await daemon.up();
    await daemon.docker("rm", "-f", "half");
    await daemon.docker("volume", "rm", "half");
    await gone();
    expect(readdirSync(`${daemon.dataRoot}/layers/images`)).toEqual([]);
    expect(readdirSync(`${daemon.dataRoot}/volumes`)).toEqual([]);
  }
});

test("a limited container whose files are damaged keeps nobody else from starting", async () => {
  await daemon.ok("create", "--name", "damaged", "--storage-opt", "size=16m", "busybox", "true");
  await daemon.signal("SIGTERM");
  const folder = `${daemon.dataRoot}/layers/images`;
  const [image = ""] = readdirSync(folder);
  await sh(["umount", `${daemon.dataRoot}/layers/active/${image.replace(/\.ext4$/, "")}`]);
  await sh(["dd", "if=/dev/zero", `of=${folder}/${image}`, "bs=1M", "count=16", "conv=notrunc"]);
  await daemon.up();
  const { exitCode, stderr } = await daemon.docker("start", "damaged");
  expect([exitCode, stderr]).toEqual([1, expect.stringContaining("mount ext4 on ")]);
  expect(await daemon.ok("run", "--rm", "busybox", "echo", "fine")).toBe("fine");
  await daemon.ok("rm", "damaged");
  expect(readdirSync(folder)).toEqual([]);
});

test("what is no size is refused in Docker's words", async () => {
  const refused = async (words: string, ...argv: string[]) => {
    const { exitCode, stderr } = await daemon.docker(...argv);
    expect([exitCode !== 0, stderr]).toEqual([true, expect.stringContaining(words)]);
  };
  await refused("create x1: invalid size: 'many'", "volume", "create", "-o", "size=many", "x1");
  await refused("a size limit of less than 4MiB cannot be kept here", "volume", "create", "-o", "size=1m", "x1");
  const tmpfs = ["-o", "type=tmpfs", "-o", "device=tmpfs", "-o", "size=8m"];
  await refused("a size limit needs a volume of its own", "volume", "create", ...tmpfs, "x1");
  await refused("invalid size: 'many'", "create", "--storage-opt", "size=many", "busybox");
  await refused("Unknown option colour", "create", "--storage-opt", "colour=red", "busybox");
  await refused("a size limit of less than 4MiB", "create", "--storage-opt", "size=1k", "busybox");
  expect(await daemon.ok("volume", "ls", "-q")).toBe("");
  expect(await daemon.ok("ps", "-aq")).toBe("");
  expect(readdirSync(`${daemon.dataRoot}/layers/images`)).toEqual([]);
});

test("without the setting a limit is refused, and what has one is still there", async () => {
  await daemon.ok("volume", "create", "-o", "size=8m", "before");
  await daemon.signal("SIGTERM");
  await using plain = await Daemon.start({ images: [] });
  const refused = async (words: string, ...argv: string[]) => {
    const { exitCode, stderr } = await plain.docker(...argv);
    expect([exitCode, stderr.trim()]).toEqual([1, `Error response from daemon: ${words}`]);
  };
  await plain.import("busybox");
  await refused("create x1: quota size requested but no quota support", "volume", "create", "-o", "size=8m", "x1");
  await refused(
    "--storage-opt is supported only for overlay over xfs with 'pquota' mount option",
    ...["create", "--storage-opt", "size=8m", "busybox"],
  );
  await daemon.up();
  await daemon.ok("volume", "rm", "before");
});

test.skipIf(dockerClients.length === 0)("a Compose project limits its volumes", async () => {
  const project = join(daemon.root, "project");
  await sh(["mkdir", "-p", project]);
  writeFileSync(
    join(project, "compose.yaml"),
    `services:
  app:
    image: busybox
    command: ${JSON.stringify(fill(64, "/d/x"))}
    volumes: ["data:/d"]
volumes:
  data:
    driver_opts: { size: 16m }
`,
  );
  const compose = (...argv: string[]): Promise<Result> =>
    sh(["docker-compose", "-p", "quota", "-f", join(project, "compose.yaml"), ...argv], {
      env: { DOCKER_HOST: daemon.host },
    });
  const up = await compose("up", "--no-color");
  expect(`${up.stdout}${up.stderr}`).toContain("No space left on device");
  expect(await daemon.ok("volume", "inspect", "-f", "{{.Options.size}}", "quota_data")).toBe("16m");
  expect((await compose("down", "-v")).exitCode).toBe(0);
  expect(existsSync(`${daemon.dataRoot}/volumes/quota_data`)).toBe(false);
});
