import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { checkOutput, writeAtomically } from "./write-output.ts";

const failure = "failed to save image";
let dir: string;
beforeEach(() => {
  dir = mkdtempSync("/tmp/berth-output-");
});
afterEach(() => rmSync(dir, { recursive: true }));

async function* broken(): AsyncGenerator<Uint8Array> {
  yield Buffer.from("half");
  throw new Error("the engine went away");
}
async function* whole(): AsyncGenerator<Uint8Array> {
  yield Buffer.from("all ");
  yield Buffer.from("of it");
}

test("a file appears whole, for its owner alone", async () => {
  await writeAtomically(`${dir}/f`, whole(), failure);
  expect(readFileSync(`${dir}/f`, "utf8")).toBe("all of it");
  expect(statSync(`${dir}/f`).mode & 0o777).toBe(0o600);
});

test("what breaks off leaves the old file and nothing else", async () => {
  writeFileSync(`${dir}/f`, "old");
  await expect(writeAtomically(`${dir}/f`, broken(), failure)).rejects.toThrow("the engine went away");
  expect([readFileSync(`${dir}/f`, "utf8"), readdirSync(dir)]).toEqual(["old", ["f"]]);
});

test("what is no file is written to as it is", async () => {
  await writeAtomically("/dev/null", whole(), failure);
  expect(statSync("/dev/null").isCharacterDevice()).toBe(true);
});

test("paths that cannot be are refused before the work", async () => {
  await expect(checkOutput(`${dir}/no/f`, failure)).rejects.toThrow(
    `failed to save image: invalid output path: stat ${dir}/no: no such file or directory`,
  );
  await expect(checkOutput(dir, failure)).rejects.toThrow("failed to save image: cannot write to a directory");
});
