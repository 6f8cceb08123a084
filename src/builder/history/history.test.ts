import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openStore, type Store } from "../../store/store.ts";
import { BuildHistory, historyFile } from "./history.ts";

let root: string;
let store: Store;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "berth-history-"));
  store = openStore(":memory:");
});
afterEach(() => {
  store.close();
  rmSync(root, { recursive: true });
});

const limits = { builds: 3, bytes: 10_000 };
const open = () => new BuildHistory(store, root, limits);
const at = (second: number) => new Date(Date.UTC(2026, 0, 1, 0, 0, second));
const text = (content: string) => historyFile(Buffer.from(content));
const refs = (history: BuildHistory) => history.ended().map(({ record }) => record.ref);

test("a build that ended is there after a restart, with its files; what no build names is gone", async () => {
  const [logs, error] = [text("logs"), text("error")];
  const first = open();
  first.begin({ ref: "a" });
  expect(first.active().map(({ record }) => record.ref)).toEqual(["a"]);
  await first.end({ ref: "a", numTotalSteps: 4 }, at(1), [logs, error]);
  expect(first.active()).toEqual([]);
  writeFileSync(join(root, "partial-x"), "half");
  const second = open();
  expect(second.find("a")).toMatchObject({ ref: "a", numTotalSteps: 4, pinned: false });
  expect(readFileSync(second.file(logs.digest)?.path ?? "", "utf8")).toBe("logs");
  expect(readdirSync(root)).toHaveLength(2);
  expect(second.file("sha256:../../etc/passwd")).toBeUndefined();
});

test("of too many the oldest go, of too much as well; those that are pinned stay", async () => {
  const history = open();
  const shared = text("shared");
  for (const [index, ref] of ["a", "b", "c", "d", "e"].entries()) {
    await history.end({ ref }, at(index), [shared, text(ref)]);
    if (ref === "a") history.pin("a", true);
  }
  expect(refs(history)).toEqual(["e", "d", "c", "a"]);
  expect(readdirSync(root)).toHaveLength(5);
  await history.end({ ref: "big" }, at(9), [text("x".repeat(9_990))]);
  expect(refs(history)).toEqual(["big", "a"]);
  expect(readdirSync(root)).toHaveLength(3);
});

test("what is removed is told, and its files go with the last build that names them", async () => {
  const history = open();
  const shared = text("shared");
  const told: string[] = [];
  using _listener = history.listen(({ type, record }) => told.push(`${type} ${record.ref}`));
  await history.end({ ref: "a" }, at(1), [shared]);
  await history.end({ ref: "b" }, at(2), [shared]);
  history.remove("a");
  expect(history.file(shared.digest)?.size).toBe(6);
  history.remove("b");
  expect(history.file(shared.digest)).toBeUndefined();
  expect(readdirSync(root)).toEqual([]);
  expect(told).toEqual(["1 a", "1 b", "2 a", "2 b"]);
  history.remove("a");
});

test("a name that comes again stands for the later build", async () => {
  const history = open();
  await history.end({ ref: "a", numTotalSteps: 1 }, at(1), [text("old")]);
  await history.end({ ref: "a", numTotalSteps: 2 }, at(2), [text("new")]);
  expect(history.find("a")?.numTotalSteps).toBe(2);
  expect(readdirSync(root)).toHaveLength(1);
});
