/** Layers of copies that are laid out without an overlay mount: the same as those that are written through one. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { lstatSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ContextArchive } from "../../src/builder/source/context-archive.ts";
import { FolderTree } from "../../src/builder/source/folder-tree.ts";
import type { SourceTree } from "../../src/builder/source/tree.ts";
import { type CopyPart, type ExpandedCopy, layPart, performPart } from "../../src/builder/steps/copy-step.ts";
import { makeLayer } from "../../src/builder/steps/layer-step.ts";
import { root as rootOwner } from "../../src/builder/steps/owner.ts";
import { Lease } from "../../src/image/collect/lease.ts";
import type { CommittedLayer } from "../../src/image/layer/commit-layer.ts";
import { TarReader } from "../../src/lib/tar/reader.ts";
import type { TreeItem } from "../../src/linux/archive/options.ts";
import { bytesOf, chunked, dockerArchive, failure, type Member, TestStore, tarOf } from "../image/harness.ts";

const old = { mtime: 1_500_000_000 };
const some = { mtime: 1_600_000_000, mtimeNanos: 123_456_789 };
const long = "a-name-that-is-longer-than-a-header-of-an-archive-can-hold-".repeat(3);

/** What the copies go upon. */
const layers = [
  tarOf(
    { name: "etc", type: "directory", mode: 0o755, ...old },
    { name: "etc/passwd", content: "app:x:70:71::/:/bin/sh\n", ...old },
    { name: "app", type: "directory", mode: 0o750, uid: 5, gid: 6, ...old },
    { name: "app/file", content: "old", ...old },
    { name: "app/sub", type: "directory", mode: 0o2755, uid: 7, gid: 8, ...old },
    { name: "app/sub/deep", type: "directory", mode: 0o700, ...old },
    { name: "app/sub/deep/kept", content: "kept", ...old },
    { name: "app/link", type: "symlink", linkName: "sub", ...old },
    { name: "leads", type: "symlink", linkName: "/app/sub", ...old },
    { name: "gone", type: "directory", ...old },
    { name: "gone/hidden", content: "hidden", ...old },
    { name: "noted", type: "directory", xattrs: new Map([["user.note", Buffer.from("n")]]), ...old },
  ),
  tarOf({ name: ".wh.gone" }, { name: "app/sub/upper", type: "directory", mode: 0o711, ...old }),
];

const context: Member[] = [
  { name: "file", content: "new", mode: 0o640, uid: 9, gid: 9, ...some },
  { name: "empty", content: "", ...some },
  { name: "zeros", content: new Uint8Array(300_000), ...some },
  { name: "mixed", content: Buffer.concat([new Uint8Array(200_000), Buffer.from("end")]), ...some },
  { name: "program", content: "#!", mode: 0o4755, ...some },
  { name: "to-nowhere", type: "symlink", linkName: "/etc/shadow", ...some },
  { name: "sub", type: "directory", mode: 0o770, ...some },
  { name: "sub/deep", type: "directory", mode: 0o777, ...some },
  { name: "sub/deep/more", content: "more", ...some },
  { name: "sub.txt", content: "sorts before what is in sub", ...some },
  { name: "ä-ö", type: "directory", ...some },
  { name: `ä-ö/${long}`, content: "long", ...some },
  { name: "bytes-\udcff\udcfe", content: "no text", ...some },
];

let store: TestStore;
let scratch = "";
let chain: readonly string[] = [];
beforeAll(async () => {
  scratch = mkdtempSync(join(tmpdir(), "berth-lay-"));
  store = new TestStore();
  const image = await store.load(dockerArchive({ tags: ["base:latest"], layers }), "base:latest");
  chain = image.chainIds;
});
afterAll(async () => {
  await store[Symbol.asyncDispose]();
  rmSync(scratch, { recursive: true, force: true });
});

const copyOf = (more: Partial<ExpandedCopy>): ExpandedCopy => ({
  sources: ["."],
  written: "/",
  destination: "/",
  chown: undefined,
  chmod: undefined,
  exclude: [],
  parents: false,
  inline: [],
  ...more,
});

/**
 * All that is on the disk of a layer, without times of this very test, and without what an overlay notes for as long as
 * it is mounted.
 */
async function contentOf(layer: CommittedLayer, since: number) {
  const { root } = store.deps.snapshotter.layerSource([...chain, layer.chainId]);
  const members: unknown[] = [];
  let bytes: Uint8Array[] = [];
  const reader = new TarReader({
    entry: (entry) => {
      bytes = [];
      const { mtime, mtimeNanos, xattrs = [], ...rest } = entry;
      const attributes = [...xattrs].filter(([key]) => !/^trusted\.overlay\.(origin|impure)$/.test(key));
      members.push({ ...rest, attributes, time: mtime >= since ? "now" : [mtime, mtimeNanos] });
    },
    data: (chunk) => bytes.push(chunk.slice()),
    end: () => members.push(Buffer.concat(bytes).toString("base64")),
  });
  reader.write(await bytesOf(store.deps.archiver.pack(root, { exact: true })));
  return members;
}

async function made(part: CopyPart, as: "laid" | "performed", expected?: string) {
  const { deps } = store;
  const lease = new Lease(deps);
  const options = {
    range: { start: 1, end: 1 },
    bare: false,
    epoch: undefined,
    signal: new AbortController().signal,
  };
  let laid = false;
  const layer = await makeLayer(
    { images: deps, execRoot: join(store.dir, "exec") },
    chain,
    {
      ...options,
      perform: (root) => performPart({ images: deps }, part, root, options),
      ...(as === "laid" && {
        lay: async (root: string, make: (items: readonly TreeItem[]) => Promise<void>) => {
          const items = await layPart(part, root, options);
          if (items) await make(items);
          return (laid = items !== undefined);
        },
      }),
    },
    lease,
    expected,
  );
  return { layer, laid, lease };
}

/** Makes it in both ways, each without the other's result, and holds them against each other. */
async function same(part: CopyPart): Promise<boolean> {
  const since = Math.floor(Date.now() / 1000);
  const performed = await made(part, "performed");
  const wanted = await contentOf(performed.layer, since);
  await performed.lease[Symbol.asyncDispose]();
  expect(store.deps.snapshotter.has(performed.layer.chainId)).toBe(false);
  const { layer, laid, lease } = await made(part, "laid");
  try {
    expect(await contentOf(layer, since)).toEqual(wanted);
    expect(layer.size).toBe(performed.layer.size);
    // The digest is that of the archive which the layer is packed to.
    const source = store.deps.snapshotter.layerSource([...chain, layer.chainId]);
    expect(layer.diffId).toBe((await store.deps.archiver.digest(source.root, { whiteouts: true })).diffId);
  } finally {
    await lease[Symbol.asyncDispose]();
  }
  return laid;
}

async function withContext<T>(members: Member[], work: (tree: SourceTree) => Promise<T>): Promise<T> {
  await using tree = await ContextArchive.receive(chunked(tarOf(...members)), join(scratch, "context"));
  return await work(tree);
}

test.each<[string, Partial<ExpandedCopy>]>([
  ["into a new folder", { destination: "/new" }],
  ["into new folders on the way", { destination: "/a/b/c/", chown: "app:app" }],
  ["over folders and files that are there", { destination: "/app" }],
  ["into the root", {}],
  ["one file into a folder", { sources: ["file"], destination: "/app/sub/deep/" }],
  ["one file in place of another", { sources: ["file"], destination: "/app/file" }],
  ["one file beside others", { sources: ["file"], destination: "/app/link/x" }],
  ["through a link", { sources: ["sub"], destination: "/leads/deep" }],
  ["where a layer has deleted", { destination: "/gone" }],
  ["below a folder of an upper layer", { sources: ["sub", "file"], destination: "/app/sub/upper/" }],
  ["a file twice", { sources: ["file", "file", "sub.txt"], destination: "/app/" }],
  ["paths with their parents", { sources: ["sub/deep/more"], destination: "/app/", parents: true }],
  ["with other rights and owners", { destination: "/app", chmod: "751", chown: "3:4" }],
  ["without some", { destination: "/app", exclude: ["sub/deep", "z*"] }],
])("a copy %s is laid out as it would be written", async (_, copy) => {
  expect(await withContext(context, (tree) => same({ tree, copy: copyOf(copy), owner: rootOwner }))).toBe(true);
});

test("files of a folder are laid out as they would be written", async () => {
  const folder = join(scratch, "folder");
  mkdirSync(folder);
  await store.deps.archiver.extract(chunked(tarOf(...context)), folder, {});
  using tree = new FolderTree(folder);
  expect(await same({ tree, copy: copyOf({ destination: "/app" }), owner: undefined })).toBe(true);
});

test.each<[string, Member[], Partial<ExpandedCopy>]>([
  ["several names of a file", [{ name: "f" }, { name: "g", type: "link", linkName: "f" }], { destination: "/new/" }],
  ["a pipe", [{ name: "p", type: "fifo", ...some }], { destination: "/new/" }],
  [
    "attributes of files",
    [{ name: "f", xattrs: new Map([["user.x", Buffer.from("y")]]), ...some }],
    { destination: "/new/" },
  ],
  ["a time that not every disk keeps", [{ name: "f", mtime: -5 }], { destination: "/new/" }],
  ["a folder with attributes", [{ name: "f", ...some }], { destination: "/noted/" }],
])("%s: written through a mount", async (_, members, copy) => {
  expect(await withContext(members, (tree) => same({ tree, copy: copyOf(copy), owner: rootOwner }))).toBe(false);
});

test.each<[string, Member[], string]>([
  ["a folder in place of a file", [{ name: "file", type: "directory" }], "/app"],
  ["a file in place of a folder", [{ name: "sub", content: "x" }], "/app"],
  ["a folder in place of a link", [{ name: "link", type: "directory" }], "/app"],
])("%s is refused with the same words", async (_, members, destination) => {
  await withContext(members, async (tree) => {
    const part: CopyPart = { tree, copy: copyOf({ destination }), owner: rootOwner };
    const said = await failure(made(part, "performed"));
    expect(said).toContain("cannot");
    expect(await failure(made(part, "laid"))).toBe(said);
  });
});

test("what is there already is not written again, and what is not there is", async () => {
  await withContext(context, async (tree) => {
    const part: CopyPart = { tree, copy: copyOf({ destination: "/new" }), owner: rootOwner };
    const first = await made(part, "laid", `sha256:${"0".repeat(64)}`);
    const { root } = store.deps.snapshotter.layerSource([...chain, first.layer.chainId]);
    const inode = lstatSync(join(root, "new/file")).ino;
    const again = await made(part, "laid", first.layer.diffId);
    expect(again.layer).toEqual(first.layer);
    expect(lstatSync(join(root, "new/file")).ino).toBe(inode);
    // Of other files comes another layer, whatever was expected.
    const other: CopyPart = { tree, copy: copyOf({ destination: "/other" }), owner: rootOwner };
    const another = await made(other, "laid", first.layer.diffId);
    expect(another.layer.diffId).not.toBe(first.layer.diffId);
    const source = store.deps.snapshotter.layerSource([...chain, another.layer.chainId]);
    expect(readdirSync(join(source.root, "other"), { encoding: "buffer" }).map(String).length).toBe(10);
    expect(readdirSync(join(store.dir, "data/layers/active"))).toEqual([]);
    for (const { lease } of [first, again, another]) await lease[Symbol.asyncDispose]();
  });
});

test("a file that is shorter than it was said to be ends the work, and nothing stays", async () => {
  await withContext([{ name: "f", content: "whole", ...some }], async (tree) => {
    const lying: SourceTree = {
      entry: (path) => {
        const entry = tree.entry(path);
        return entry && (path === "f" ? { ...entry, size: 9 } : entry);
      },
      children: (path) => tree.children(path),
      read: (path) => tree.read(path),
      digest: (path, signal) => tree.digest(path, signal),
      stored: (path) => tree.stored?.(path),
    };
    const part: CopyPart = { tree: lying, copy: copyOf({ destination: "/new" }), owner: rootOwner };
    expect(await failure(made(part, "laid"))).toBe("new/f changed while it was copied");
    expect(readdirSync(join(store.dir, "data/layers/active"))).toEqual([]);
    expect(readdirSync(join(store.dir, "exec/builds"))).toEqual([]);
  });
});
