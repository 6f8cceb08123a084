import { afterAll, afterEach, beforeEach, expect, test } from "bun:test";
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Archiver } from "../../src/linux/archive/archiver.ts";
import type { ExtractOptions } from "../../src/linux/archive/options.ts";
import { getXattr, listXattrs } from "../../src/linux/xattr.ts";
import { bytesOf, chunked, failure, type Member, tarOf } from "./harness.ts";

const archiver = new Archiver();
afterAll(() => archiver[Symbol.asyncDispose]());

let scratch = "";
let root = "";
beforeEach(() => {
  scratch = mkdtempSync(join(tmpdir(), "berth-extract-"));
  root = join(scratch, "root");
  mkdirSync(root);
  writeFileSync(join(scratch, "secret"), "outside");
});
afterEach(() => {
  // Whatever an archive said, nothing outside was touched.
  expect(readFileSync(join(scratch, "secret"), "utf8")).toBe("outside");
  expect(readdirSync(scratch).sort()).toEqual(["root", "secret"]);
  rmSync(scratch, { recursive: true, force: true });
});

const extract = (members: Member[], options: ExtractOptions = {}) =>
  archiver.extract(chunked(tarOf(...members)), root, options);
const text = (path: string) => readFileSync(join(root, path), "utf8");

test("owner, mode, times, links, pipes and devices", async () => {
  const at = { mtime: 1_600_000_000, mtimeNanos: 123_000_000 };
  await extract([
    { name: "d", type: "directory", mode: 0o2750, uid: 5, gid: 6, ...at },
    { name: "d/suid", mode: 0o4755, uid: 1000, gid: 1000, content: "x", ...at },
    { name: "d/hard", type: "link", linkName: "d/suid" },
    { name: "d/soft", type: "symlink", linkName: "/etc/passwd", uid: 7, gid: 8, ...at },
    { name: "d/pipe", type: "fifo", mode: 0o620 },
    { name: "d/null", type: "char", mode: 0o666, devMajor: 1, devMinor: 3 },
    {
      name: "d/caps",
      content: "x",
      xattrs: new Map([
        ["security.capability", Uint8Array.from([1, 0, 0, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0])],
        ["user.note", Buffer.from("hi")],
      ]),
    },
  ]);
  const dir = statSync(join(root, "d"));
  expect([dir.mode & 0o7777, dir.uid, dir.gid, dir.mtimeMs]).toEqual([0o2750, 5, 6, 1_600_000_000_123]);
  const suid = statSync(join(root, "d/suid"));
  expect([suid.mode & 0o7777, suid.uid, suid.nlink, suid.mtimeMs]).toEqual([0o4755, 1000, 2, 1_600_000_000_123]);
  const soft = lstatSync(join(root, "d/soft"));
  expect([soft.uid, soft.gid, soft.mtimeMs, readlinkSync(join(root, "d/soft"))]).toEqual([
    7,
    8,
    1_600_000_000_123,
    "/etc/passwd",
  ]);
  expect(lstatSync(join(root, "d/pipe")).isFIFO()).toBe(true);
  const device = lstatSync(join(root, "d/null"));
  expect([device.isCharacterDevice(), device.rdev, device.mode & 0o777]).toEqual([true, 0x103, 0o666]);
  // In a set-group-id directory files would inherit the group.
  expect(statSync(join(root, "d/caps")).gid).toBe(0);
  expect(getXattr(join(root, "d/caps"), "security.capability")?.length).toBe(20);
  expect(Buffer.from(getXattr(join(root, "d/caps"), "user.note") ?? []).toString()).toBe("hi");
});

test("absolute names and dots stay below the root", async () => {
  await extract([
    { name: "/abs/file", content: "1" },
    { name: "./a/./b//c", content: "2" },
    { name: "x/../y", content: "3" },
    { name: "/", type: "directory", mode: 0o700 },
  ]);
  expect([text("abs/file"), text("a/b/c"), text("y")]).toEqual(["1", "2", "3"]);
  expect(statSync(root).mode & 0o777).toBe(0o755);
});

test.each(["../secret", "a/../../secret", "..", "../root/../secret"])("the name %s is refused", async (name) => {
  expect(await failure(extract([{ name, content: "evil" }]))).toContain("is outside of the archive's root");
});

test("links lead no way out", async () => {
  // A directory that is a link: what follows goes where the link leads inside the root.
  await extract([
    { name: "out", type: "symlink", linkName: scratch },
    { name: "up", type: "symlink", linkName: "../../../.." },
    { name: "real", type: "directory" },
    { name: "in", type: "symlink", linkName: "/real" },
    { name: "in/file", content: "inside" },
    { name: "up/file", content: "top" },
  ]);
  expect([text("real/file"), text("file")]).toEqual(["inside", "top"]);
  expect(await failure(extract([{ name: "out/secret", content: "evil" }]))).not.toBe("");
  // A file in the place of a link replaces the link, not what it names.
  await extract([
    { name: "hit", type: "symlink", linkName: "../secret" },
    { name: "hit", content: "mine" },
  ]);
  expect(lstatSync(join(root, "hit")).isFile()).toBe(true);
  // So does a directory.
  await extract([
    { name: "dir", type: "symlink", linkName: ".." },
    { name: "dir", type: "directory", mode: 0o700 },
  ]);
  expect(lstatSync(join(root, "dir")).isDirectory()).toBe(true);
  expect(statSync(scratch).mode & 0o777).not.toBe(0o000);
});

test("hard links name files inside only", async () => {
  expect(await failure(extract([{ name: "h", type: "link", linkName: "../secret" }]))).toContain(
    "is outside of the archive's root",
  );
  expect(await failure(extract([{ name: "h", type: "link", linkName: `${scratch}/secret` }]))).toContain(
    "no such file",
  );
  symlinkSync("../secret", join(root, "s"));
  // A link to a link is a link to the link itself.
  await extract([{ name: "h", type: "link", linkName: "s" }]);
  expect(lstatSync(join(root, "h")).isSymbolicLink()).toBe(true);
  await extract([
    { name: "self", content: "s" },
    { name: "self", type: "link", linkName: "self" },
  ]);
  expect(text("self")).toBe("s");
});

test("pulling the ground away: a directory replaced by a link in mid-archive", async () => {
  await extract([
    { name: "d", type: "directory" },
    { name: "d/one", content: "1" },
    { name: "d", type: "symlink", linkName: scratch },
    { name: "other", type: "directory" },
  ]);
  expect(await failure(extract([{ name: "d/secret", content: "evil" }]))).not.toBe("");
  // And once more with the directory open in the same extraction.
  expect(
    await extract([
      { name: "e", type: "directory" },
      { name: "e/x", content: "x" },
      { name: "e", type: "symlink", linkName: ".." },
      { name: "e/secret", content: "inside" },
    ]),
  ).toMatchObject({ entries: 4 });
  expect(text("secret")).toBe("inside");
});

test("device policy, sizes and counts are bounded", async () => {
  const device: Member = { name: "sda", type: "block", devMajor: 8, devMinor: 0 };
  await extract([device], { devices: "skip" });
  expect(existsSync(join(root, "sda"))).toBe(false);
  expect(await failure(extract([device], { devices: "refuse" }))).toContain("device nodes are not allowed");
  expect(await failure(extract([{ name: "big", content: "x".repeat(5000) }], { maxBytes: 4999 }))).toContain(
    "archive holds more than allowed",
  );
  expect(
    await failure(
      extract(
        Array.from({ length: 11 }, (_, i) => ({ name: `f${i}` })),
        { maxEntries: 10 },
      ),
    ),
  ).toContain("too many entries");
  await extract([{ name: "x\0y", content: "" }]);
  expect(await failure(extract([{ name: "n".repeat(300), content: "" }]))).toContain("file name too long");
  expect(await failure(extract([{ name: "owner", uid: 2 ** 32 - 1 }]))).toContain("invalid owner");
});

test("sparse files keep their holes", async () => {
  const sparse = join(root, "in");
  await Bun.$`truncate -s 64M ${sparse}`;
  await Bun.$`printf head | dd of=${sparse} conv=notrunc status=none`.quiet();
  await Bun.$`printf tail | dd of=${sparse} bs=1M seek=40 conv=notrunc status=none`.quiet();
  for (const format of ["gnu", "posix"]) {
    const archive = await Bun.$`tar --format=${format} -C ${root} --sparse -cf - in`
      .quiet()
      .then((result) => result.stdout);
    expect(archive.length).toBeLessThan(1 << 20);
    await archiver.extract(chunked(archive), root, { into: `out-${format}` });
    const path = join(root, `out-${format}/in`);
    expect(statSync(path).size).toBe(64 << 20);
    expect(statSync(path).blocks * 512).toBeLessThan(1 << 20);
    expect(await Bun.$`cmp ${sparse} ${path}`.quiet().then((result) => result.exitCode)).toBe(0);
  }
});

test("docker cp: nothing is turned from directory to file or back, the target keeps its mode", async () => {
  mkdirSync(join(root, "t/dir"), { recursive: true });
  writeFileSync(join(root, "t/file"), "old");
  chmodSync(join(root, "t"), 0o700);
  const options: ExtractOptions = { into: "t", otherKind: "refuse-cp" };
  expect(await failure(extract([{ name: "dir", content: "x" }], options))).toContain(
    'cannot overwrite directory "/t/dir" with non-directory "dir"',
  );
  expect(await failure(extract([{ name: "file", type: "directory" }], options))).toContain(
    'cannot overwrite non-directory "/t/file" with directory "file"',
  );
  await extract(
    [
      { name: ".", type: "directory", mode: 0o777 },
      { name: "file", content: "new" },
      { name: "dir/x", content: "x" },
    ],
    { ...options, owner: { uid: 33, gid: 34 } },
  );
  expect(text("t/file")).toBe("new");
  expect(statSync(join(root, "t")).mode & 0o777).toBe(0o700);
  expect([statSync(join(root, "t/file")).uid, statSync(join(root, "t/dir/x")).gid]).toEqual([33, 34]);
});

test("overlay whiteouts, whatever their order", async () => {
  await extract(
    [
      { name: "d", type: "directory" },
      { name: "d/.wh.gone", content: "" },
      { name: "d/.wh..wh..opq", content: "" },
      { name: ".wh..wh.plnk", content: "" },
      { name: "kept", content: "kept" },
      { name: ".wh.kept", content: "" },
      { name: ".wh.back", content: "" },
      { name: "back", content: "back" },
      { name: ".wh.dir", content: "" },
      { name: "dir", type: "directory" },
      { name: "dir/x", content: "x" },
    ],
    { whiteouts: "overlay" },
  );
  const gone = lstatSync(join(root, "d/gone"));
  expect([gone.isCharacterDevice(), gone.rdev]).toEqual([true, 0]);
  const opaque = (path: string) => Buffer.from(getXattr(join(root, path), "trusted.overlay.opaque") ?? []).toString();
  expect([opaque("d"), opaque("dir")]).toEqual(["y", "y"]);
  expect([text("kept"), text("back"), text("dir/x")]).toEqual(["kept", "back", "x"]);
  expect(readdirSync(root).sort()).toEqual(["back", "d", "dir", "kept"]);
  for (const name of [".wh.", ".wh..", ".wh...", "d/.wh..."]) {
    expect(await failure(extract([{ name }], { whiteouts: "overlay" }))).toContain("invalid whiteout name");
  }
});

test("whiteouts applied to a whole tree", async () => {
  for (const path of ["d/old", "d/sub/x", "e/old", "f"]) {
    mkdirSync(join(root, path, ".."), { recursive: true });
    writeFileSync(join(root, path), path);
  }
  await extract(
    [
      { name: "d", type: "directory" },
      { name: "d/new", content: "new" },
      { name: "d/.wh..wh..opq" },
      { name: "e/.wh.old" },
      { name: ".wh.f" },
      { name: ".wh.nothing" },
      { name: "e/.wh.e" },
    ],
    { whiteouts: "apply" },
  );
  expect(readdirSync(join(root, "d"))).toEqual(["new"]);
  expect(readdirSync(join(root, "e"))).toEqual([]);
  expect(readdirSync(root).sort()).toEqual(["d", "e"]);
});

test("overlayfs's own attributes are not taken from archives", async () => {
  const evil = new Map([
    ["trusted.overlay.redirect", Buffer.from("/etc")],
    ["trusted.overlay.metacopy", Buffer.from("")],
    ["user.overlay.opaque", Buffer.from("y")],
    ["trusted.mine", Buffer.from("1")],
  ]);
  await extract([{ name: "d", type: "directory", xattrs: evil }], { whiteouts: "overlay" });
  expect(listXattrs(join(root, "d"))).toEqual(["trusted.mine"]);
});

test("compressed and broken streams", async () => {
  const tar = tarOf({ name: "f", content: "x".repeat(100_000) });
  for (const packed of [
    Bun.gzipSync(new Uint8Array(tar)),
    Bun.zstdCompressSync(tar),
    await filter("xz", tar),
    await filter("bzip2", tar),
  ]) {
    rmSync(join(root, "f"), { force: true });
    const { diffId } = await archiver.extract(chunked(packed, 50), root, { digest: true });
    expect(diffId).toBe(`sha256:${new Bun.CryptoHasher("sha256").update(tar).digest("hex")}`);
    expect(text("f")).toHaveLength(100_000);
    expect(await failure(archiver.extract(chunked(packed.subarray(0, packed.length - 20), 50), root))).not.toBe("");
  }
  expect(await failure(archiver.extract(chunked(tar.subarray(0, 2000)), root))).toContain("unexpected EOF");
  async function* failing(): AsyncGenerator<Uint8Array> {
    yield tar.subarray(0, 2000);
    throw new Error("the client went away");
  }
  expect(await failure(archiver.extract(failing(), root))).toContain("the client went away");
});

async function filter(program: string, content: Uint8Array): Promise<Buffer> {
  const child = Bun.spawn([program, "-c"], { stdin: content, stdout: "pipe" });
  return Buffer.from(await child.stdout.bytes());
}

test("a cancelled extraction ends soon and leaves its worker fit for use", async () => {
  const abort = new AbortController();
  async function* endless(): AsyncGenerator<Uint8Array> {
    yield tarOf({ name: "start" }).subarray(0, 512);
    await new Promise(() => {});
  }
  const running = archiver.extract(endless(), root, {}, abort.signal);
  setTimeout(() => abort.abort(), 50);
  expect(await failure(running)).toBe("context canceled");
  await extract([{ name: "after", content: "works" }]);
  expect(text("after")).toBe("works");
});

test("names that are no UTF-8 go in and out as they are", async () => {
  const name = Buffer.from([0x66, 0xff, 0x80]);
  writeFileSync(Buffer.concat([Buffer.from(`${root}/`), name]), "x");
  const packed = await bytesOf(archiver.pack(root));
  expect(packed.includes(name)).toBe(true);
  await archiver.extract(chunked(packed), root, { into: "copy" });
  expect(readdirSync(Buffer.from(`${root}/copy`), { encoding: "buffer" })).toEqual([name]);
});

test("packing: a part, under another name, without some, and what GNU tar thinks of it", async () => {
  for (const path of ["a/b/one", "a/b/two", "a/c", "z"]) {
    mkdirSync(join(root, path, ".."), { recursive: true });
    writeFileSync(join(root, path), path);
  }
  symlinkSync("/a", join(root, "l"));
  const list = async (options: Parameters<Archiver["pack"]>[1]) => {
    const packed = await bytesOf(archiver.pack(root, options));
    return (await filterText(["tar", "-tf", "-"], packed)).trim().split("\n");
  };
  expect(await list({})).toEqual(["a/", "a/b/", "a/b/one", "a/b/two", "a/c", "l", "z"]);
  expect(await list({ from: "a/b", rootName: "new" })).toEqual(["new/", "new/one", "new/two"]);
  expect(await list({ from: "/l/b/one" })).toEqual(["one"]);
  expect(await list({ from: "l", rootName: "link" })).toEqual(["link"]);
  expect(await list({ from: "a", exclude: ["b/one", "c"] })).toEqual(["b/", "b/two"]);
  expect(await list({ paths: ["z", "a/b"] })).toEqual(["a/b/", "a/b/one", "a/b/two", "z"]);
  expect(await failure(bytesOf(archiver.pack(root, { from: "missing" })))).toContain("no such file");
  const size = await archiver.measure(root);
  expect((await bytesOf(archiver.pack(root))).length).toBe(size);
});

async function filterText(argv: string[], content: Uint8Array): Promise<string> {
  const child = Bun.spawn(argv, { stdin: content, stdout: "pipe", stderr: "inherit" });
  return child.stdout.text();
}
