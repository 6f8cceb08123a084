/** Mounts with other owners, images that may be written to, and parts of volumes. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { chownSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Daemon, type Result, sh } from "../harness.ts";

const scratch = mkdtempSync("/tmp/berth-mounts-");
const source = join(scratch, "source");
let daemon: Daemon;

beforeAll(async () => {
  mkdirSync(source, { mode: 0o755 });
  for (const [name, uid] of [
    ["theirs", 1234],
    ["root", 0],
    ["user", 1000],
  ] as const) {
    writeFileSync(join(source, name), "x");
    chownSync(join(source, name), uid, uid);
  }
  chownSync(source, 1234, 4321);
  daemon = await Daemon.start();
});
afterAll(async () => {
  await daemon?.[Symbol.asyncDispose]();
  rmSync(scratch, { recursive: true, force: true });
});

const told = ({ exitCode, stdout, stderr }: Result) => (exitCode === 0 ? stdout.trim() : stderr.trim());
/** What a container prints, or why there is none. */
const run = async (...args: string[]) => told(await daemon.berth("run", "--rm", ...args));
const owner = (path: string) => {
  const { uid, gid } = statSync(path);
  return `${uid}:${gid}`;
};
const look = "stat -c '%n %u:%g' /m /m/*";

test("what the owner of a bind owns is the container's user's, and what that writes is the owner's", async () => {
  const mount = `type=bind,src=${source},dst=/m,idmap=match-user`;
  expect(await run("--user", "1000:2000", "--mount", mount, "busybox", "sh", "-c", `touch /m/new; ${look}`)).toBe(
    "/m 1000:2000\n/m/new 1000:2000\n/m/root 0:0\n/m/theirs 1000:1234\n/m/user 1234:1000",
  );
  expect(owner(join(source, "new"))).toBe("1234:4321");
  rmSync(join(source, "new"));
  // By Docker's own client, in the short form.
  expect(await daemon.ok("run", "--rm", "-v", `${source}:/m:idmap,ro`, "busybox", "sh", "-c", look)).toBe(
    "/m 0:0\n/m/root 1234:4321\n/m/theirs 0:1234\n/m/user 1000:1000",
  );
  // A file alone; nothing of it stays with the source.
  const file = `type=bind,src=${source}/theirs,dst=/f,idmap`;
  expect(await run("--user", "7", "--mount", file, "busybox", "stat", "-c", "%u:%g", "/f")).toBe("7:0");
  expect(owner(join(source, "theirs"))).toBe("1234:1234");
});

test("explicit maps, of binds and of volumes; what they leave out belongs to nobody", async () => {
  const mount = `type=bind,src=${source},dst=/m,idmap=uids=1234-5-1#0-6-1;gids=1234-50-1`;
  expect(await run("--mount", mount, "busybox", "sh", "-c", look)).toBe(
    "/m 5:65534\n/m/root 6:65534\n/m/theirs 5:50\n/m/user 65534:65534",
  );
  await daemon.ok("volume", "create", "data");
  const volume = "type=volume,src=data,dst=/m,idmap=uids=100000-0-65536";
  expect(await run("--mount", "type=volume,src=data,dst=/m", "busybox", "chown", "100033:100044", "/m")).toBe("");
  expect(await run("--user", "33:44", "--mount", volume, "busybox", "sh", "-c", `touch /m/x; ${look}`)).toBe(
    "/m 33:44\n/m/x 33:44",
  );
  expect(await run("-v", "data:/m", "busybox", "stat", "-c", "%u:%g", "/m/x")).toBe("100033:100044");
});

test("an id-mapped mount lives through a restart of container and daemon, and leaves nothing behind", async () => {
  const mount = `type=bind,src=${source},dst=/m,idmap=match-user`;
  const id = told(await daemon.berth("run", "-d", "--user", "9", "--mount", mount, "busybox", "sleep", "600"));
  const seen = async () => (await daemon.ok("exec", id, "stat", "-c", "%u", "/m/theirs")).trim();
  expect(await seen()).toBe("9");
  await daemon.kill();
  await daemon.up();
  expect(await seen()).toBe("9");
  await daemon.ok("restart", "-t", "0", id);
  expect(await seen()).toBe("9");
  const [inspected] = JSON.parse(await daemon.ok("inspect", id));
  expect(inspected.HostConfig.Mounts[0].BindOptions).toEqual({ IDMap: "match-user" });
  await daemon.ok("rm", "-f", id);
  expect((await sh(["grep", scratch, "/proc/mounts"])).stdout).toBe("");
});

test("what cannot be mapped is refused with the reason, and nothing stays", async () => {
  const at = (path: string) => join(scratch, path);
  for (const name of ["lower", "upper", "work", "merged"]) mkdirSync(at(name));
  const layers = `lowerdir=${at("lower")},upperdir=${at("upper")},workdir=${at("work")}`;
  await sh(["mount", "-t", "overlay", "overlay", "-o", layers, at("merged")]);
  try {
    expect(await run("--mount", `type=bind,src=${at("merged")},dst=/m,idmap`, "busybox", "true")).toContain(
      `cannot map the ids of ${at("merged")}: its file system, or one that is mounted below it, cannot have that done`,
    );
  } finally {
    await sh(["umount", at("merged")]);
  }
  const bad = `type=bind,src=${source},dst=/m,idmap=uids=1-2`;
  expect(await run("--mount", bad, "busybox", "true")).toContain('invalid idmap: "uids=1-2"');
  expect(await run("--mount", "type=tmpfs,dst=/m,idmap", "busybox", "true")).toContain(
    "cannot mix 'idmap' with mount type 'tmpfs'",
  );
  expect(await daemon.ok("ps", "-aq")).toBe("");
});

test("a mounted image can be written to, for one container alone", async () => {
  const mount = "type=image,src=busybox,dst=/image";
  const script = "echo mine >/image/etc/mine && rm /image/etc/group && ls /image/etc/mine /image/etc/group";
  expect(await run("--mount", mount, "busybox", "sh", "-c", script)).toContain("Read-only file system");
  const id = told(
    await daemon.berth(
      "create",
      "--mount",
      `${mount},readwrite`,
      "busybox",
      "sh",
      "-c",
      `${script} || ls /image/etc/mine`,
    ),
  );
  for (const _ of ["what it wrote is there when it starts again", ""])
    expect((await daemon.docker("start", "-a", id)).stdout).toContain("/image/etc/mine");
  await daemon.ok("rm", id);
  expect(await run("--mount", `${mount},rw`, "busybox", "ls", "/image/etc/group", "/image/etc/mine")).toContain(
    "/image/etc/mine: No such file",
  );
  const sub = `${mount},rw,image-subpath=etc`;
  expect(await run("--mount", sub, "busybox", "sh", "-c", "echo a >/image/a; cat /image/a")).toBe("a");
  expect(await run("--mount", `${mount},rw,ro`, "busybox", "true")).toContain(
    'invalid mount config for type "image": mount options conflict: ReadOnly && ImageOptions.ReadWrite',
  );
});

test("an empty part of a volume is filled with what the image has there; one that is not there is told", async () => {
  await daemon.ok("volume", "create", "parts");
  await daemon.ok("run", "--rm", "-v", "parts:/v:nocopy", "busybox", "sh", "-c", "mkdir -p /v/a/b; chmod 700 /v/a/b");
  const part = (subpath: string) => `type=volume,src=parts,dst=/etc,volume-subpath=${subpath}`;
  expect(
    await daemon.ok("run", "--rm", "--mount", part("a/b"), "busybox", "stat", "-c", "%a %n", "/etc", "/etc/passwd"),
  ).toBe("755 /etc\n644 /etc/passwd");
  expect(await daemon.ok("run", "--rm", "-v", "parts:/v", "busybox", "sh", "-c", "cd /v; find . -name passwd")).toBe(
    "./a/b/passwd",
  );
  await daemon.ok("run", "--rm", "--mount", part("a/b"), "busybox", "rm", "/etc/passwd");
  expect(await daemon.ok("run", "--rm", "--mount", part("a/b"), "busybox", "ls", "/etc/group")).toBe("/etc/group");
  const { exitCode, stderr } = await daemon.docker("run", "--rm", "--mount", part("none"), "busybox", "true");
  expect([exitCode, stderr]).toEqual([
    127,
    expect.stringMatching(/cannot access path .*\/parts\/_data\/none: .*no such file/),
  ]);
  expect(await daemon.ok("ps", "-aq")).toBe("");
});
