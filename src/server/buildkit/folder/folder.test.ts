/** Clients that lie about their folder: what comes of it is an error with words, or what they sent; nothing else. */
import { afterEach, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { PacketType } from "../../../api/buildkit/fsutil.ts";
import { sessionPaths } from "../../../api/buildkit/session.ts";
import { ContentStores } from "../../../builder/source/content-store.ts";
import type { SourceTree } from "../../../builder/source/tree.ts";
import { decodeName, encodeName } from "../../../lib/tar/names.ts";
import { Progress } from "../progress.ts";
import { content, fakeSession, type Lies, lyingFolder, type StatInput } from "../testing.ts";
import { listFolder, openFolder } from "./transfer.ts";

const directory = 0x8000_01ed;
const symlink = 0x0800_01ff;
const file = (path: string, size = 1, more: StatInput = {}): StatInput => ({ path, mode: 0o644, size, ...more });
const folder = (path: string): StatInput => ({ path, mode: directory });

const scratch = mkdtempSync("/tmp/berth-folder-");
const stores = new ContentStores(scratch);
let undo = new AsyncDisposableStack();
afterEach(async () => {
  await undo.disposeAsync();
  undo = new AsyncDisposableStack();
  rmSync(scratch, { recursive: true, force: true });
});

/** The folder as the engine sees it. */
async function open(
  lies: Lies,
  asked: number[] = [],
  maxBytes?: number,
): Promise<SourceTree & { close(): Promise<void> }> {
  const { client } = undo.use(await fakeSession([lyingFolder(lies, asked)]));
  const { store } = undo.use(await stores.open("one", new Set()));
  const step = new Progress("build").step("[internal] load build context");
  const list = await listFolder(
    { client, methods: new Set([sessionPaths.fileSync]) },
    {
      name: "context",
      selection: {},
      status: "transferring context:",
      step,
      signal: new AbortController().signal,
      ...(maxBytes !== undefined && { maxBytes }),
    },
  );
  const opened = await openFolder(list, store, step);
  undo.defer(() => opened.close());
  return opened;
}

async function textOf(tree: SourceTree, path: string): Promise<string> {
  await tree.learn?.([path]);
  const chunks: Uint8Array[] = [];
  for await (const chunk of tree.read(path)) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

const refusal = (list: Iterable<StatInput>) =>
  open({ list }).then(
    () => "taken",
    (error: Error) => error.message,
  );

test.each([
  ["../x", "no clean path"],
  ["a/../../x", "no clean path"],
  ["/etc/passwd", "no clean path"],
  ["./x", "no clean path"],
  ["", "no clean path"],
  ["a//b", "no clean path"],
  ["a/", "no clean path"],
  ["d/x", "out of order"],
])("the path %p is refused", async (path, words) => {
  expect(await refusal([file(path)])).toContain(words);
});

test.each<[string, StatInput[]]>([
  ["twice one name", [file("a"), file("a")]],
  ["names that descend", [file("b"), file("a")]],
  ["something below a file", [file("a"), file("a/b")]],
  ["something below a link", [{ path: "a", mode: symlink, linkname: "/etc" }, file("a/passwd")]],
  ["a folder that was left already", [folder("a"), file("b"), file("a/c")]],
])("a list with %s is refused", async (_, list) => {
  expect(await refusal(list)).toContain("out of order");
});

test.each([
  ["a name that is too long", [file("n".repeat(5000))], "names that are too long"],
  ["a size below nothing", [file("a", -1)], "a size of -1"],
  ["a link to what is not there", [file("a", 1, { linkname: "gone" })], "which it does not have"],
  ["a link to outside", [file("a", 1, { linkname: "../../../etc/passwd" })], "which it does not have"],
])("%s is refused", async (_, list, words) => {
  expect(await refusal(list)).toContain(words);
});

test.each<[string, StatInput]>([
  ["an endless list", {}],
  ["a list with endless attributes", { xattrs: new Map([["user.x", new Uint8Array(64 << 10)]]) }],
])("%s comes to an end", async (_, more) => {
  let sent = 0;
  const endless = function* () {
    for (;;) yield file(String(sent++).padStart(9, "0"), 1, more);
  };
  const refused = await open({ list: endless() }, [], 1 << 20).then(
    () => "taken",
    (error: Error) => error.message,
  );
  expect(refused).toContain("the build context has names that are too long");
  expect(sent).toBeLessThan(20_000);
});

test.each([
  [
    "content before the list ended",
    [{ type: PacketType.data, id: 0, data: Buffer.from("x") }],
    "packet 2 before its list ended",
  ],
  ["nothing more", [], "broke off while it listed its files"],
  ["an error of its own", [{ type: PacketType.error, data: Buffer.from("disk on fire") }], "disk on fire"],
  ["an unknown packet", [{ type: 9 }], "packet 9 before its list ended"],
])("%s in place of the list's end", async (_, instead, words) => {
  expect(
    await open({ list: [file("a")], instead }).then(
      () => "taken",
      (error: Error) => error.message,
    ),
  ).toContain(words);
});

test.each<[string, number, string[]]>([
  ["less than was said", 100, ["short"]],
  ["more than was said", 1, ["much ", "longer"]],
  ["nothing at all", 7, []],
])("content that is %s is what counts", async (_, size, parts) => {
  const tree = await open({ list: [file("a", size), file("b", size)], answer: (id) => content(id, ...parts) });
  expect(await textOf(tree, "a")).toBe(parts.join(""));
  expect(tree.entry("a")?.size).toBe(parts.join("").length);
  expect(await tree.digest("a", new AbortController().signal)).toBe(
    new Bun.CryptoHasher("sha256").update(parts.join("")).digest("hex"),
  );
});

test.each([
  ["content of another file", () => content(1, "x"), "content that was not asked for (1)"],
  ["content of no file", () => content(77, "x"), "content that was not asked for (77)"],
  ["content twice", (id: number) => [...content(id, "x"), ...content(id, "y")], "content that was not asked for (0)"],
  ["an entry", () => [{ type: PacketType.stat, stat: file("z") }], "packet 0 after its list"],
  ["the end", () => [{ type: PacketType.finish }], "ended the transfer of its files"],
  ["an error", () => [{ type: PacketType.error, data: Buffer.from("permission denied") }], "permission denied"],
])("%s in place of what was asked for", async (_, answer, words) => {
  const tree = await open({ list: [file("a"), file("b")], answer });
  // What came whole before the lie may be taken; whatever is asked for after it fails.
  const outcome = await textOf(tree, "a")
    .then(() => textOf(tree, "b"))
    .then(
      () => "taken",
      (error: Error) => error.message,
    );
  expect(outcome).toContain(words);
});

test("all names of a file have its content, which is asked for once", async () => {
  const asked: number[] = [];
  const list = [file("a", 3), file("b", 3, { linkname: "a" }), file("c", 3, { linkname: "a" })];
  const tree = await open({ list, answer: (id) => content(id, "abc") }, asked);
  expect(await Promise.all(["c", "a", "b"].map((path) => textOf(tree, path)))).toEqual(["abc", "abc", "abc"]);
  expect(asked).toEqual([0]);
});

test("names are bytes: those that are no text stay apart", async () => {
  const names = [Buffer.from([0x78, 0xfe]), Buffer.from([0x78, 0xff]), Buffer.from("ä")];
  const list = names
    .map((name) => file(decodeName(name)))
    .sort((a, b) => Buffer.compare(encodeName(a.path ?? ""), encodeName(b.path ?? "")));
  const tree = await open({ list, answer: (id) => content(id, `file ${id}`) });
  expect(
    tree
      .children("")
      .map((name) => encodeName(name).toString("hex"))
      .sort(),
  ).toEqual(["78fe", "78ff", "c3a4"]);
  expect(await textOf(tree, decodeName(Buffer.from([0x78, 0xff])))).toBe("file 1");
});

test("a client that is gone in the middle fails who waits for content, and whoever comes later", async () => {
  const { client } = undo.use(await fakeSession([lyingFolder({ list: [file("a"), file("b")] })]));
  const { store } = undo.use(await stores.open("one", new Set()));
  const step = new Progress("build").step("[internal] load build context");
  const list = await listFolder(
    { client, methods: new Set([sessionPaths.fileSync]) },
    {
      name: "context",
      selection: {},
      status: "transferring context:",
      step,
      signal: new AbortController().signal,
    },
  );
  const tree = await openFolder(list, store, step);
  const waiting = textOf(tree, "a").then(
    () => "taken",
    (error: Error) => error.message,
  );
  client.close();
  expect(await waiting).toBe("the connection has ended");
  expect(
    await textOf(tree, "b").then(
      () => "taken",
      (error: Error) => error.message,
    ),
  ).toBe("the connection has ended");
});
