/** Volumes are renamed, cloned, exported, imported, copied from and to; whole or not at all, whatever is killed. */
import { afterAll, afterEach, beforeAll, expect, test } from "bun:test";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statfsSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { getXattr, listXattrs, setXattr } from "../../src/linux/xattr.ts";
import { berthBinary, Daemon, dockerClients, type Result, sh, until } from "../harness.ts";
import { btrfs, mountFilesystem, xfs } from "./filesystem.ts";

let daemon: Daemon;
let unmount = async () => {};
const scratch = mkdtempSync("/tmp/berth-volume-");
beforeAll(async () => {
  daemon = await Daemon.start({ onRoot: async (root) => void (unmount = await mountFilesystem(root, xfs)) });
});
afterEach(async () => {
  const containers = await daemon.ok("ps", "-aq");
  if (containers !== "") await daemon.ok("rm", "-f", ...containers.split("\n"));
  const volumes = await daemon.ok("volume", "ls", "-q");
  if (volumes !== "") await daemon.ok("volume", "rm", ...volumes.split("\n"));
});
afterAll(async () => {
  rmSync(scratch, { recursive: true });
  await daemon?.signal("SIGTERM");
  await unmount();
  await daemon?.[Symbol.asyncDispose]();
});

const data = (name: string) => `${daemon.dataRoot}/volumes/${name}/_data`;
const run = (argv: readonly string[], input?: string | Uint8Array): Promise<Result> =>
  sh([berthBinary, ...argv], {
    env: { DOCKER_HOST: daemon.host, HOME: scratch },
    ...(input !== undefined && { input }),
  });
async function ok(...argv: string[]): Promise<string> {
  const { exitCode, stdout, stderr } = await run(argv);
  if (exitCode !== 0) throw new Error(`berth ${argv.join(" ")}: exit ${exitCode}: ${stderr}${stdout}\n${daemon.log()}`);
  return stdout.trim();
}
const pipe = (script: string) =>
  sh(["bash", "-c", `set -o pipefail; ${script}`], { env: { DOCKER_HOST: daemon.host } });
const refused = async (words: string, ...argv: string[]) => {
  const { exitCode, stderr } = await run(argv);
  expect([stderr.trim(), exitCode]).toEqual([expect.stringContaining(words), 1]);
};

/** Everything that a copy has to keep, as one text: owners, modes, times, links, holes, attributes, content. */
async function lookAt(directory: string): Promise<string> {
  const script = `cd ${directory} && find . -printf '%p %y %m %U:%G %n %T@ %l\\n' | sort;
    find . -type f -exec md5sum {} + | sort; test $(stat -c %b sparse) -lt 64`;
  const { stdout, stderr, exitCode } = await sh(["sh", "-c", script]);
  if (exitCode !== 0) throw new Error(stderr);
  const attributes = ["sub", "sub/file"].flatMap((name) => {
    const path = `${directory}/${name}`;
    return listXattrs(path)
      .sort()
      .map((key) => `${name} ${key}=${Buffer.from(getXattr(path, key) ?? []).toString()}\n`);
  });
  return stdout + attributes.join("");
}

/** A volume with all that a filesystem knows. */
async function fill(name: string): Promise<void> {
  await ok("volume", "create", "--label", "kind=odd", name);
  const { exitCode, stderr } = await sh([
    "sh",
    "-c",
    [
      `cd ${data(name)}`,
      "mkdir -m 1777 sub && echo one >sub/file && ln sub/file hard && ln -s ../../../../etc/shadow out",
      "ln -s sub/file soft && chown 12:34 sub/file && chmod 4750 sub/file && mkfifo -m 600 pipe && echo x >'née b'",
      "truncate -s 5M sparse && printf end >>sparse",
      "touch -d '2001-02-03 04:05:06.123456789' sub/file sub && chown 7:8 . && chmod 750 .",
    ].join(" && "),
  ]);
  if (exitCode !== 0) throw new Error(stderr);
  setXattr(`${data(name)}/sub/file`, "user.note", Buffer.from("hello"));
  setXattr(`${data(name)}/sub`, "trusted.note", Buffer.from("deep"));
}

test("a new name takes the data along, unless somebody has it", async () => {
  await fill("old");
  const before = await lookAt(data("old"));
  const since = Math.floor(Date.now() / 1000);
  await ok("volume", "rename", "old", "new");
  expect(await lookAt(data("new"))).toBe(before);
  expect(existsSync(data("old"))).toBe(false);
  const events = await ok("events", "--since", String(since), "--until", String(since + 3), "--filter", "type=volume");
  expect(events).toContain("volume rename new (driver=local, oldName=old)");
  await daemon.ok("run", "-d", "--name", "user", "-v", "new:/d", "busybox", "sleep", "600");
  await refused("rename new: volume is in use - [", "volume", "rename", "new", "other");
  expect(await ok("volume", "ls", "--containers", "--format", "{{.Name}} {{.Containers}}")).toBe("new user");
  expect(await ok("volume", "ls", "--containers")).toMatch(/^DRIVER +VOLUME NAME +CONTAINERS\nlocal +new +user$/);
  expect(await ok("volume", "ls", "--format", "json")).not.toContain("Containers");
  await daemon.ok("rm", "-f", "user");
  await ok("volume", "create", "taken");
  await refused("rename new: volume name taken is already in use", "volume", "mv", "new", "taken");
  await refused('"a/b" includes invalid characters for a local volume name', "volume", "rename", "new", "a/b");
  await refused("get none: no such volume", "volume", "rename", "none", "other");
  await refused("needs a new name", "volume", "rename", "new", "");
});

test("a clone is the same, and shares its blocks", async () => {
  await fill("one");
  await sh(["dd", "if=/dev/urandom", `of=${data("one")}/large`, "bs=1M", "count=64", "conv=fsync"]);
  const free = () => statfsSync(daemon.dataRoot).bavail * statfsSync(daemon.dataRoot).bsize;
  const before = free();
  expect(await ok("volume", "clone", "--label", "a=b", "one", "two")).toBe("two");
  expect(before - free()).toBeLessThan(8 << 20);
  expect(await lookAt(data("two"))).toBe(await lookAt(data("one")));
  expect(await ok("volume", "inspect", "-f", "{{json .Labels}}", "two")).toBe('{"a":"b","kind":"odd"}');
  writeFileSync(`${data("two")}/large`, "mine");
  expect(statSync(`${data("one")}/large`).size).toBe(64 << 20);
  await refused("a volume with the name two exists already", "volume", "clone", "one", "two");
  await refused("get none: no such volume", "volume", "clone", "none", "three");
  await refused("includes invalid characters", "volume", "clone", "one", "a/b");
  expect(readdirSync(`${daemon.dataRoot}/volumes`).sort()).toEqual(["one", "two"]);
});

test("on Btrfs as well a clone shares its blocks", async () => {
  let unmountBtrfs = async () => {};
  const other = await Daemon.start({
    images: [],
    onRoot: async (root) => void (unmountBtrfs = await mountFilesystem(root, btrfs)),
  });
  try {
    await other.ok("volume", "create", "one");
    const large = `${other.dataRoot}/volumes/one/_data/large`;
    await sh(["dd", "if=/dev/urandom", `of=${large}`, "bs=1M", "count=64", "conv=fsync"]);
    expect((await other.berth("volume", "clone", "one", "two")).exitCode).toBe(0);
    const shared = await sh(["btrfs", "filesystem", "du", "-s", "--raw", `${other.dataRoot}/volumes`]);
    // Total, exclusive, set shared.
    expect(Number(shared.stdout.trim().split("\n").at(-1)?.trim().split(/\s+/)[2])).toBe(64 << 20);
    await other.ok("volume", "rm", "one", "two");
    await other.signal("SIGTERM");
  } finally {
    await other.kill();
    await unmountBtrfs();
    await other[Symbol.asyncDispose]();
  }
});

test("a snapshot of a volume in use is of one moment", async () => {
  const write = "i=0; while :; do i=$((i+1)); for f in a b; do echo $i >/d/t; mv /d/t /d/$f; done; done";
  await daemon.ok("run", "-d", "--name", "writer", "-v", "busy:/d", "busybox", "sh", "-c", write);
  await until("both files", () => existsSync(`${data("busy")}/b`));
  for (let round = 0; round < 5; round++) {
    const name = await ok("volume", "snapshot", "busy", `snap${round}`);
    const [a, b] = ["a", "b"].map((file) => Number(readFileSync(`${data(name)}/${file}`, "utf8")));
    expect([0, 1]).toContain((a ?? 0) - (b ?? 0));
  }
  expect(await daemon.ok("inspect", "-f", "{{.State.Status}}", "writer")).toBe("running");
  const named = await ok("volume", "snapshot", "--pause=false", "busy");
  expect(named).toMatch(/^busy-\d{8}T\d{6}Z$/);
  const label = '{{index .Labels "com.berth.volume.snapshot-of"}}';
  expect(await ok("volume", "inspect", "-f", label, named)).toBe("busy");
});

test("an archive takes everything along, compressed or not", async () => {
  await fill("one");
  const before = await lookAt(data("one"));
  for (const [pack, unpack] of [
    ["cat", "cat"],
    ["gzip", "cat"],
    ["zstd -q", "cat"],
    ["xz", "cat"],
  ]) {
    const { exitCode, stderr } = await pipe(
      `${berthBinary} volume export one | ${pack} | ${unpack} | ${berthBinary} volume import --label x=y two`,
    );
    expect([exitCode, stderr]).toEqual([0, ""]);
    expect(await lookAt(data("two"))).toBe(before);
    expect(await ok("volume", "inspect", "-f", "{{json .Labels}}", "two")).toBe('{"x":"y"}');
    await ok("volume", "rm", "two");
  }
  await ok("volume", "export", "-o", `${scratch}/one.tar`, "one");
  expect(await ok("volume", "import", "three", `${scratch}/one.tar`)).toBe("three");
  await refused("a volume with the name three exists already", "volume", "import", "three", `${scratch}/one.tar`);
  await refused("get none: no such volume", "volume", "export", "-o", `${scratch}/none.tar`, "none");
  expect(existsSync(`${scratch}/none.tar`)).toBe(false);
});

test("a broken archive leaves nothing", async () => {
  const whole = await pipe(`cd ${scratch} && seq 100000 >numbers && tar cf - numbers | head -c 300000 | base64`);
  for (const [input, words] of [
    [Buffer.from(whole.stdout, "base64"), "unexpected EOF"],
    [Buffer.from("x".repeat(2000)), "invalid tar header"],
    ["", "the archive is empty"],
  ] as const) {
    const { exitCode, stderr } = await run(["volume", "import", "broken"], input);
    expect([exitCode, stderr]).toEqual([1, expect.stringContaining(words)]);
  }
  expect(readdirSync(`${daemon.dataRoot}/volumes`)).toEqual([]);
  const bad = await daemon.api("POST", "/berth/volumes/import?name=x&labels=%5B1%5D");
  expect([bad.status, bad.json.message]).toEqual([400, expect.stringContaining('invalid value for "labels"')]);
});

test("files go in and out as with docker cp, and no link leads out", async () => {
  await fill("one");
  await ok("volume", "create", "two");
  // Out: a directory, its content, a file by another name.
  await ok("volume", "cp", "one:/sub", `${scratch}/`);
  expect(statSync(`${scratch}/sub/file`)).toMatchObject({ uid: 12, gid: 34, mode: 0o104750 });
  await ok("volume", "cp", "one:sub/file", `${scratch}/renamed`);
  expect(readFileSync(`${scratch}/renamed`, "utf8")).toBe("one\n");
  expect((await pipe(`${berthBinary} volume cp one:/sub/. - | tar t`)).stdout).toBe("./\n./file\n");
  await refused("Could not find the file /none in volume one", "volume", "cp", "one:/none", scratch);
  await refused("get none: no such volume", "volume", "cp", "none:/x", scratch);
  // In.
  mkdirSync(`${scratch}/tree/deep`, { recursive: true });
  writeFileSync(`${scratch}/tree/deep/f`, "f");
  await ok("volume", "cp", `${scratch}/tree`, "two:/");
  expect(readFileSync(`${data("two")}/tree/deep/f`, "utf8")).toBe("f");
  await ok("volume", "cp", `${scratch}/tree/.`, "two:/new");
  expect(readFileSync(`${data("two")}/new/deep/f`, "utf8")).toBe("f");
  await pipe(`tar c -C ${scratch} tree | ${berthBinary} volume cp - two:/new`);
  expect(existsSync(`${data("two")}/new/tree/deep/f`)).toBe(true);
  await refused("no such directory", "volume", "cp", `${scratch}/renamed`, "two:/none/");
  // Links of the volume are followed inside of it.
  symlinkSync(scratch, `${data("two")}/link`);
  await refused("Could not find the file", "volume", "cp", `${scratch}/renamed`, "two:/link/x");
  symlinkSync("/new", `${data("two")}/inside`);
  await ok("volume", "cp", `${scratch}/renamed`, "two:/inside/x");
  expect(existsSync(`${data("two")}/new/x`)).toBe(true);
  expect((await run(["volume", "cp", "one:/out", `${scratch}/out`])).exitCode).toBe(0);
  expect((await sh(["readlink", `${scratch}/out`])).stdout).toBe("../../../../etc/shadow\n");
  expect((await run(["volume", "cp", "-L", "one:/out", `${scratch}/leak`])).exitCode).toBe(1);
  expect(existsSync(`${scratch}/leak`)).toBe(false);
});

test("between volumes everything is kept", async () => {
  await fill("one");
  await ok("volume", "create", "two");
  await ok("volume", "cp", "one:/.", "two:/");
  const attributes = "stat -c '%U:%G %a'";
  expect((await lookAt(data("two"))).split("\n").slice(1)).toEqual((await lookAt(data("one"))).split("\n").slice(1));
  await ok("volume", "cp", "one:/", "two:/whole");
  expect((await sh(["sh", "-c", `${attributes} ${data("two")}/whole/sub/file`])).stdout).toContain("4750");
  await ok("volume", "cp", "one:/sub/file", "two:/as");
  expect(readFileSync(`${data("two")}/as`, "utf8")).toBe("one\n");
  await ok("volume", "cp", "two:/whole/sub", "two:/again");
  expect(existsSync(`${data("two")}/again/file`)).toBe(true);
  await refused("cannot copy a directory, /whole, into itself", "volume", "cp", "two:/whole", "two:/whole/sub");
  await refused("cannot copy directory", "volume", "cp", "one:/sub", "two:/as");
  await refused("must specify at least one volume", "volume", "cp", "/a", "/b");
});

test("a volume begins with what an image has", async () => {
  await daemon.ok("create", "--name", "copied", "-v", "copied:/bin", "busybox");
  await ok("volume", "create", "--from-image", "busybox", "--from-path", "/bin", "--label", "a=b", "seeded");
  const list = (name: string) => pipe(`cd ${data(name)} && find . -printf '%p %y %m %U:%G %T@ %l\n' | sort`);
  expect((await list("seeded")).stdout).toBe((await list("copied")).stdout);
  await ok("volume", "create", "--from-image", "busybox", "root");
  expect(existsSync(`${data("root")}/bin`)).toBe(true);
  await refused(
    "the image has no directory /none",
    ..."volume create --from-image busybox --from-path /none xx".split(" "),
  );
  await refused("No such image: none", "volume", "create", "--from-image", "none", "x");
  await refused("exists already", "volume", "create", "--from-image", "busybox", "root");
  await refused("--from-path needs --from-image", "volume", "create", "--from-path", "/etc", "x");
  expect(readdirSync(`${daemon.execRoot}/views`)).toEqual([]);
});

test.skipIf(dockerClients.length === 0)("docker's own client sees volumes as any others", async () => {
  await fill("one");
  await ok("volume", "clone", "one", "two");
  expect(await daemon.ok("run", "--rm", "-v", "two:/d", "busybox", "cat", "/d/soft")).toBe("one");
});

test("a daemon that is killed amid an import or a clone leaves no half volume", async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  const archive = (await pipe(`cd ${scratch} && seq 400000 >many && tar cf - many | base64`)).stdout;
  const bytes = Buffer.from(archive, "base64");
  const body = new ReadableStream({
    async start(controller) {
      controller.enqueue(bytes.subarray(0, 1_000_000));
      await promise;
      controller.close();
    },
  });
  const sent = fetch("http://d/berth/volumes/import?name=half", {
    unix: daemon.engineSocket,
    method: "POST",
    body,
  }).catch(() => null);
  const incoming = () => readdirSync(`${daemon.dataRoot}/volumes`).filter((name) => name.startsWith(".incoming-"));
  await until("the archive to be unpacked", () => incoming().some((name) => existsSync(`${data(name)}/many`)));
  expect((await daemon.api("GET", "/volumes/half")).status).toBe(404);
  await daemon.kill();
  resolve();
  await sent;
  await daemon.up();
  expect(readdirSync(`${daemon.dataRoot}/volumes`)).toEqual([]);

  await ok("volume", "create", "large");
  await pipe(`cd ${data("large")} && seq 4000 | xargs touch`);
  for (const wait of [5, 30, 60, 120, 250]) {
    const clone = run(["volume", "clone", "large", "copy"]);
    await Bun.sleep(100 + wait);
    await daemon.kill();
    await clone;
    await daemon.up();
    const there = (await daemon.api("GET", "/volumes/copy")).status === 200;
    if (there) expect(readdirSync(data("copy")).length).toBe(4000);
    expect(readdirSync(`${daemon.dataRoot}/volumes`).sort()).toEqual(there ? ["copy", "large"] : ["large"]);
    await ok("volume", "rm", "-f", "copy");
  }
});
