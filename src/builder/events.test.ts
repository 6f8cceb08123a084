import { expect, test } from "bun:test";
import type { BuildEvent } from "../api/build-events.ts";
import { BuildEvents, type BuildReader, type NearEvent } from "./events.ts";

const status = (text: string): Extract<BuildEvent, { kind: "status" }> => ({ kind: "status", id: "1", text });
const told = (event: NearEvent) =>
  event.kind === "output" ? Buffer.from(event.data).toString() : event.kind === "status" ? event.text : event.kind;
const all = async (reader: BuildReader) => (await Array.fromAsync(reader)).map(told);
const written = async (write: Promise<void>) => Promise.race([write.then(() => true), Bun.sleep(0).then(() => false)]);

function events(kept?: number) {
  let left = 0;
  return { of: new BuildEvents(() => left++, kept), left: () => left };
}

test("every reader has all events in one order, whenever it comes", async () => {
  const { of } = events();
  const first = of.read({ owns: true });
  of.emit(status("a"));
  await of.output("1", 1, Buffer.from("b"));
  const second = all(of.read({ owns: false }));
  of.emit(status("c"));
  const third = all(of.read({ owns: true }));
  of.end();
  for (const reading of [all(first), second, third, all(of.read({ owns: false }))])
    expect(await reading).toEqual(["a", "b", "c"]);
});

test("writers of output wait for the foremost owner, and for nobody else", async () => {
  const { of } = events();
  const owner = of.read({ owns: true });
  const slow = of.read({ owns: true });
  const watcher = of.read({ owns: false });
  const half = Buffer.alloc(600 * 1024);
  expect(await written(of.output("1", 1, half))).toBe(true);
  const second = of.output("1", 1, half);
  expect(await written(second)).toBe(false);
  const reading = owner[Symbol.asyncIterator]();
  await reading.next();
  await reading.next();
  expect(await written(second)).toBe(true);
  expect([owner.lost, slow.lost, watcher.lost]).toEqual([0, 0, 0]);
});

test("who lags or comes late misses the oldest output and nothing else", async () => {
  const { of } = events(10);
  const owner = of.read({ owns: true })[Symbol.asyncIterator]();
  const lagging = of.read({ owns: false });
  for (const text of ["aaaa", "bbbb", "cccc", "dddd"]) {
    of.emit(status(`then ${text}`));
    await of.output("1", 1, Buffer.from(text));
    await owner.next();
    await owner.next();
  }
  const late = of.read({ owns: false });
  of.end();
  const rest = ["then aaaa", "then bbbb", "then cccc", "cccc", "then dddd", "dddd"];
  expect(await all(lagging)).toEqual(rest);
  expect(lagging.lost).toBe(8);
  expect(await all(late)).toEqual(rest);
  expect(late.lost).toBe(0);
});

test("who lags behind a great deal goes on with what is kept", async () => {
  const { of } = events(100);
  const owner = of.read({ owns: true })[Symbol.asyncIterator]();
  const lagging = of.read({ owns: false });
  for (let number = 0; number < 5000; number++) {
    await of.output("1", 1, Buffer.from(`${number}`.padStart(10)));
    await owner.next();
  }
  of.end();
  expect((await all(lagging)).map(Number)).toEqual(Array.from({ length: 10 }, (_, at) => 4990 + at));
  expect(lagging.lost).toBe(49_900);
});

test("nothing is dropped that no owner has read", async () => {
  const { of } = events(4);
  for (const text of ["aaaa", "bbbb", "cccc"]) void of.output("1", 1, Buffer.from(text));
  const owner = of.read({ owns: true });
  of.end();
  expect(await all(owner)).toEqual(["aaaa", "bbbb", "cccc"]);
});

test("the last owner that leaves before the end is told of, and lets writers go on", async () => {
  const { of, left } = events();
  const [one, other] = [of.read({ owns: true }), of.read({ owns: true })];
  const watcher = all(of.read({ owns: false }));
  const waits = of.output("1", 1, Buffer.alloc(2 * 1024 * 1024));
  for await (const event of one) {
    expect(event.kind).toBe("output");
    break;
  }
  expect(left()).toBe(0);
  const reading = Array.fromAsync(other);
  other.leave();
  other.leave();
  expect(left()).toBe(1);
  await Promise.all([waits, reading]);
  of.emit(status("undone"));
  of.end();
  expect((await watcher).at(-1)).toBe("undone");
});

test("who leaves after the end cancels nothing", async () => {
  const { of, left } = events();
  const owner = of.read({ owns: true });
  of.end();
  expect(await all(owner)).toEqual([]);
  expect(left()).toBe(0);
});
