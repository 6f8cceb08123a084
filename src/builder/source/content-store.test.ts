/** What several builds of one folder keep of it: content is what came under its digest, whoever else comes and goes. */
import { afterEach, beforeEach, expect, spyOn, test } from "bun:test";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { SpaceGuard } from "../../linux/archive/space.ts";
import { type ContentStore, ContentStores } from "./content-store.ts";

let scratch: string;
let stores: ContentStores;
let undo: AsyncDisposableStack;
beforeEach(() => {
  scratch = mkdtempSync("/tmp/berth-content-");
  stores = new ContentStores(scratch);
  undo = new AsyncDisposableStack();
});
afterEach(async () => {
  await undo.disposeAsync();
  rmSync(scratch, { recursive: true, force: true });
});

const digestOf = (text: string) => new Bun.CryptoHasher("sha256").update(text).digest("hex");
const open = (id = "one") => stores.open(id, new Set());
const read = async (store: ContentStore, digest: string) => {
  const chunks: Uint8Array[] = [];
  for await (const chunk of store.read(digest)) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
};
const put = async (store: ContentStore, path: string, text: string) => {
  const content = store.file();
  content.append(Buffer.from(text));
  await store.settle([{ path, stamp: "s", content }]);
  return content.digest;
};
/** What is on disk, as a daemon that starts on it would find it. */
const reopened = async (id = "one") => {
  const opened = await new ContentStores(scratch).open(id, new Set());
  undo.defer(() => opened[Symbol.asyncDispose]());
  return opened.store;
};

test("files of several builds that come in turns are whole", async () => {
  await using first = await open();
  await using second = await open();
  expect(second.store).toBe(first.store);
  const texts = Array.from({ length: 20 }, (_, at) => `file ${at} `.repeat(at * 500));
  const parts = texts.map((text) => text.match(/[\s\S]{1,999}/g) ?? []);
  const files = texts.map((_, at) => (at % 2 ? first : second).store.file());
  for (let at = 0; at < Math.max(...parts.map(({ length }) => length)); at++)
    for (const [file, content] of files.entries()) {
      const part = parts[file]?.[at];
      if (part !== undefined) content.append(Buffer.from(part));
    }
  await Promise.all(
    files.map((content, at) => (at % 2 ? first : second).store.settle([{ path: `${at}`, stamp: "s", content }])),
  );
  expect(await Promise.all(texts.map((text) => read(first.store, digestOf(text))))).toEqual(texts);
});

test("a build that is given up in the middle of a file harms no other, and leaves nothing on the disk", async () => {
  await using kept = await open();
  const cancelled = await open();
  cancelled.store.file().append(Buffer.alloc(5 << 20, "x"));
  const digest = await put(kept.store, "a", "what stays");
  await cancelled[Symbol.asyncDispose]();
  expect(await read(kept.store, digest)).toBe("what stays");
  await kept[Symbol.asyncDispose]();
  const before = statSync(join(scratch, "one/content")).size;
  const again = await open();
  again.store.file().append(Buffer.alloc(9 << 20, "y"));
  await again.store.settle([]);
  await again[Symbol.asyncDispose]();
  expect(statSync(join(scratch, "one/content")).size).toBe(before);
  expect(await read(await reopened(), digest)).toBe("what stays");
});

test("who comes while the last one leaves has a store that works", async () => {
  for (let round = 0; round < 50; round++) {
    const first = await open();
    await put(first.store, `file ${round}`, `text ${round}`);
    const leaving = first[Symbol.asyncDispose]();
    for (let turn = 0; turn < round % 8; turn++) await Promise.resolve();
    const second = await open();
    const digest = await put(second.store, `other ${round}`, `other text ${round}`);
    await leaving;
    expect(await read(second.store, digest)).toBe(`other text ${round}`);
    expect(await read(second.store, digestOf(`text ${round}`))).toBe(`text ${round}`);
    await second[Symbol.asyncDispose]();
  }
  expect(stores.list().map(({ inUse }) => inUse)).toEqual([false]);
});

test("a daemon that dies between content and list finds the list of before, and it holds", async () => {
  await (await open())[Symbol.asyncDispose]();
  const first = await open();
  const digest = await put(first.store, "a", "first");
  await first[Symbol.asyncDispose]();
  // Killed: content came, nobody wrote the list.
  const killed = undo.use(await open());
  await put(killed.store, "b", "second");
  const store = await reopened();
  expect(store.known("a", "s")).toBe(digest);
  expect(store.known("b", "s")).toBeUndefined();
  expect(await read(store, digest)).toBe("first");
  expect(await read(store, await put(store, "c", "third"))).toBe("third");
});

test("a list is never taken for content that it does not speak of", async () => {
  const first = await open();
  await put(first.store, "a", "first");
  await first[Symbol.asyncDispose]();
  // Content was lost: other content comes in its place, and the daemon dies before it has written a list.
  writeFileSync(join(scratch, "one/content"), "");
  const store = await reopened();
  await put(store, "b", "other, and longer than the first");
  const after = await reopened();
  expect(after.known("a", "s")).toBeUndefined();
  expect(after.has(digestOf("first"))).toBe(false);
});

test.each([
  "",
  "{",
  "null",
  '{"places":1,"stamps":2}',
  '{"places":[[1,2]],"stamps":[3]}',
  '{"places":[["x",[0,-5]]],"stamps":[]}',
])("a list that is broken is as good as none: %s", async (text) => {
  const first = await open();
  await put(first.store, "a", "first");
  await first[Symbol.asyncDispose]();
  writeFileSync(join(scratch, "one/list.json"), text);
  const store = await reopened();
  expect(store.known("a", "s")).toBeUndefined();
  expect(await read(store, await put(store, "a", "anew"))).toBe("anew");
});

test("what cannot be written fails all that came behind it, and not the next build", async () => {
  const first = await open();
  const digest = await put(first.store, "a", "first");
  await first[Symbol.asyncDispose]();
  const [one, other] = [await open(), await open()];
  const mine = other.store.file();
  mine.append(Buffer.from("half of it, "));
  const take = spyOn(SpaceGuard.prototype, "take").mockImplementation(() => {
    throw new Error("no space left on device");
  });
  const failed = put(one.store, "b", "too much").then(
    () => "taken",
    (error: Error) => error.message,
  );
  expect(await failed).toBe("no space left on device");
  take.mockRestore();
  mine.append(Buffer.from("and the rest"));
  const late = other.store.settle([{ path: "c", stamp: "s", content: mine }]).then(
    () => "taken",
    (error: Error) => error.message,
  );
  expect(await late).toBe("no space left on device");
  expect(other.store.has(digestOf("half of it, and the rest"))).toBe(false);
  expect(await read(one.store, digest)).toBe("first");
  await Promise.all([one[Symbol.asyncDispose](), other[Symbol.asyncDispose]()]);
  expect(readdirSync(join(scratch, "one")).sort()).toEqual(["content", "list.json"]);
  expect(statSync(join(scratch, "one/content")).size).toBe("first".length);
  await using again = await open();
  expect(again.store.known("a", "s")).toBe(digest);
  expect(await read(again.store, await put(again.store, "b", "now it fits"))).toBe("now it fits");
});

test("a folder in use is not removed; one that is not in use is", async () => {
  const used = await open();
  stores.remove("one");
  expect(existsSync(join(scratch, "one"))).toBe(true);
  await put(used.store, "a", "x");
  await used[Symbol.asyncDispose]();
  expect(JSON.parse(readFileSync(join(scratch, "one/list.json"), "utf8")).stamps.length).toBe(1);
  stores.remove("one");
  expect(existsSync(join(scratch, "one"))).toBe(false);
});
