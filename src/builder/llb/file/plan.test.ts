import { expect, test } from "bun:test";
import { FileOp } from "../../../api/buildkit/llb.ts";
import { decode, encode, type Input } from "../../../lib/protobuf.ts";
import { planFile } from "./plan.ts";

const plan = (actions: Input<typeof FileOp>["actions"], inputs: number) =>
  planFile(decode(FileOp, encode(FileOp, { actions })), inputs);
const make = (path: string, input: number, output = -1) => ({ input, output, makeFile: { path } });
const paths = (run: { actions: readonly { makeFile: { path: string } | undefined }[] }) =>
  run.actions.map(({ makeFile }) => makeFile?.path);

test("actions that follow each other are done as one", () => {
  const { outputs, runTo } = plan([make("/a", 0), make("/b", 1), make("/c", 2, 0)], 1);
  expect([...outputs]).toEqual([[0, 2]]);
  expect(paths(runTo(2))).toEqual(["/a", "/b", "/c"]);
  expect(runTo(2).base).toEqual({ kind: "input", index: 0 });
});

test("what several actions begin with, or copy from, is done for itself", () => {
  const forked = plan([make("/a", -1), make("/b", 0, 0), make("/c", 0, 1)], 0);
  expect(paths(forked.runTo(1))).toEqual(["/b"]);
  expect(forked.runTo(1).base).toEqual({ kind: "action", index: 0 });
  expect(forked.runTo(0).base).toEqual({ kind: "scratch" });
  const copied = plan([make("/a", -1), { input: -1, secondaryInput: 0, output: 0, copy: { src: "/a", dest: "/" } }], 0);
  expect(copied.origin(0)).toEqual({ kind: "action", index: 0 });
  expect(copied.runTo(1).base).toEqual({ kind: "scratch" });
});

test("an output that others go on from stays what it is", () => {
  const { runTo } = plan([make("/a", 0, 0), make("/b", 1, 1)], 1);
  expect(paths(runTo(1))).toEqual(["/b"]);
});

test("what cannot be meant is told", () => {
  expect(() => plan([], 0)).toThrow(/it has no action/);
  expect(() => plan([make("/a", 1, 0)], 1)).toThrow(/action 0 has no input 1/);
  expect(() => plan([make("/a", 0, 0), make("/b", 3, 1)], 1)).toThrow(/action 1 has no input 3/);
  expect(() => plan([make("/a", -2, 0)], 1)).toThrow(/action 0 has no input -2/);
  expect(() => plan([make("/a", 0)], 1)).toThrow(/it has no output/);
  expect(() => plan([make("/a", 0, 0), make("/b", 0, 0)], 1)).toThrow(/output 0 is left by two actions/);
  expect(() => plan([{ input: 0, output: 0 }], 1)).toThrow(/action 0 is of a kind that is not known/);
});
