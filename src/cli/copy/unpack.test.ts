import { afterEach, beforeEach, expect, test } from "bun:test";
import {
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { type TarEntry, tarEntry } from "../../lib/tar/entry.ts";
import { encodeHeader, endOfArchive, padding } from "../../lib/tar/writer.ts";
import { packPath } from "./pack.ts";
import { unpackArchive } from "./unpack.ts";

let base: string;
let root: string;
beforeEach(() => {
  base = mkdtempSync("/tmp/berth-copy-");
  root = `${base}/root`;
  mkdirSync(root);
  mkdirSync(`${base}/outside`);
});
afterEach(() => rmSync(base, { recursive: true, force: true }));

type Member = Partial<TarEntry> & { name: string; content?: string };

async function* archive(...members: Member[]): AsyncGenerator<Uint8Array> {
  for (const { content = "", ...fields } of members) {
    const bytes = new TextEncoder().encode(content);
    yield encodeHeader(tarEntry({ size: bytes.length, ...fields }));
    yield bytes;
    yield padding(bytes.length);
  }
  yield endOfArchive();
}

const unpack = (...members: Member[]) =>
  unpackArchive(archive(...members), root, { rename: (name) => name, keepOwners: false });

test("files, directories, links, modes and times", async () => {
  await unpack(
    { name: "d", type: "directory", mode: 0o751, mtime: 1000 },
    { name: "d/f", content: "hello", mode: 0o4640, mtime: 981173106 },
    { name: "d/l", type: "symlink", linkName: "/etc/passwd" },
    { name: "d/h", type: "link", linkName: "d/f" },
    { name: "/abs/x", content: "x" },
    { name: "p", type: "fifo" },
  );
  expect(readFileSync(`${root}/d/h`, "utf8")).toBe("hello");
  expect(lstatSync(`${root}/d/f`)).toMatchObject({ mode: 0o104640, mtimeMs: 981173106000, nlink: 2 });
  expect(lstatSync(`${root}/d`)).toMatchObject({ mode: 0o40751, mtimeMs: 1000_000 });
  expect(readlinkSync(`${root}/d/l`)).toBe("/etc/passwd");
  expect(readFileSync(`${root}/abs/x`, "utf8")).toBe("x");
  expect(lstatSync(`${root}/p`).isFIFO()).toBe(true);
});

test("nothing is written outside", async () => {
  await expect(unpack({ name: "../evil", content: "x" })).rejects.toThrow('invalid entry name "../evil"');
  await expect(unpack({ name: "a/../../evil", content: "x" })).rejects.toThrow("invalid entry name");
  await expect(
    unpack({ name: "l", type: "symlink", linkName: `${base}/outside` }, { name: "l/evil", content: "x" }),
  ).rejects.toThrow('invalid entry name "l/evil"');
  await expect(
    unpack({ name: "m", type: "symlink", linkName: "../outside" }, { name: "m/sub/evil", content: "x" }),
  ).rejects.toThrow();
  await expect(unpack({ name: "h", type: "link", linkName: "../outside/x" })).rejects.toThrow("invalid entry name");
  expect(existsSync(`${base}/outside/evil`)).toBe(false);
  expect(existsSync(`${base}/outside/sub`)).toBe(false);
  expect(existsSync(`${base}/evil`)).toBe(false);
});

test("a file replaces a link, and does not follow it", async () => {
  writeFileSync(`${base}/outside/target`, "untouched");
  symlinkSync(`${base}/outside/target`, `${root}/f`);
  await unpack({ name: "f", content: "new" });
  expect(readFileSync(`${base}/outside/target`, "utf8")).toBe("untouched");
  expect(lstatSync(`${root}/f`).isFile()).toBe(true);
  await unpack({ name: "g", type: "symlink", linkName: `${base}/outside/target` }, { name: "g", content: "new" });
  expect(readFileSync(`${base}/outside/target`, "utf8")).toBe("untouched");
});

test("links within are followed", async () => {
  mkdirSync(`${root}/real`);
  symlinkSync("real", `${root}/alias`);
  await unpack({ name: "alias/f", content: "x" });
  expect(readFileSync(`${root}/real/f`, "utf8")).toBe("x");
});

test("directories and files never replace each other", async () => {
  mkdirSync(`${root}/d`);
  writeFileSync(`${root}/f`, "");
  await expect(unpack({ name: "d", content: "x" })).rejects.toThrow(
    'cannot overwrite directory "d" with non-directory',
  );
  await expect(unpack({ name: "f", type: "directory" })).rejects.toThrow(
    'cannot overwrite non-directory "f" with directory',
  );
});

test("a broken archive is an error", async () => {
  await expect(
    unpackArchive(
      (async function* () {
        yield new Uint8Array(512).fill(65);
      })(),
      root,
      { rename: (name) => name, keepOwners: false },
    ),
  ).rejects.toThrow();
});

test("what is packed comes out the same", async () => {
  const source = `${base}/source`;
  mkdirSync(`${source}/sub`, { recursive: true });
  writeFileSync(`${source}/file`, "content".repeat(100_000), { mode: 0o600 });
  writeFileSync(`${source}/${"long-".repeat(40)}ä`, "y");
  linkSync(`${source}/file`, `${source}/sub/hard`);
  symlinkSync("../file", `${source}/sub/soft`);
  utimesSync(`${source}/file`, 5, 1234567890);
  await unpackArchive(packPath(source, "renamed"), root, { rename: (name) => name, keepOwners: true });
  const copy = `${root}/renamed`;
  expect(readFileSync(`${copy}/file`, "utf8")).toBe("content".repeat(100_000));
  expect(readFileSync(`${copy}/${"long-".repeat(40)}ä`, "utf8")).toBe("y");
  expect(lstatSync(`${copy}/sub/hard`).ino).toBe(lstatSync(`${copy}/file`).ino);
  expect(lstatSync(`${copy}/file`)).toMatchObject({ mode: 0o100600, mtimeMs: 1234567890000 });
  expect(readlinkSync(`${copy}/sub/soft`)).toBe("../file");
});
