import { expect, test } from "bun:test";
import { ExecOp, MountType } from "../../../api/buildkit/llb.ts";
import { decode, encode, type Input } from "../../../lib/protobuf.ts";
import { readExec, runMount } from "./read.ts";

const meta = { args: ["true"], cwd: "/" };
const root = { dest: "/", input: 0, output: 0 };
const read = (op: Input<typeof ExecOp>, inputs = 1) =>
  readExec(decode(ExecOp, encode(ExecOp, { meta, mounts: [root], ...op })), inputs);

test("mounts stand in order from outer to inner ones", () => {
  const { mounts, root: found } = read({
    mounts: ["/a/b/c", "/", "/z", "/a/b"].map((dest, index) => ({ dest, input: 0, output: index === 1 ? 0 : -1 })),
  });
  expect(found.dest).toBe("/");
  expect(mounts.map(({ dest }) => dest)).toEqual(["/z", "/a/b", "/a/b/c"]);
});

test("numbers of inputs and outputs count only where there can be such", () => {
  const { mounts } = read({
    mounts: [
      root,
      { dest: "/s", input: 9, output: 0, mountType: MountType.secret, secret: { id: "s", optional: true } },
    ],
  });
  const [secret] = mounts;
  expect(secret?.output).toBe(-1);
  expect(secret && runMount(secret)).toMatchObject({ type: "secret", id: "s", mode: 0o400, required: false });
});

test("what cannot be meant is told", () => {
  const mount = (value: object) => ({ mounts: [root, { dest: "/m", input: 0, output: -1, ...value }] });
  expect(() => read({ meta: { args: [], cwd: "/" } })).toThrow(/it has no command/);
  expect(() => read({ meta: { args: ["a"], cwd: "x" } })).toThrow(/cwd "x"/);
  expect(() => read({ mounts: [] })).toThrow(/one root filesystem/);
  expect(() => read(mount({ input: 1 }))).toThrow(/mount "\/m" has no input 1/);
  expect(() => read(mount({ output: 7 }))).toThrow(/outputs 0, 7/);
  expect(() => read(mount({ output: 0 }))).toThrow(/outputs 0, 0/);
  expect(() => read(mount({ dest: "m" }))).toThrow(/invalid mount "m"/);
  expect(() => read(mount({ mountType: 9 }))).toThrow(/of the type 9, which is not known/);
  expect(() => read(mount({ mountType: MountType.cache, cache: { sharing: 5 } }))).toThrow(/way 5, which is not known/);
  expect(() => read({ network: 7 })).toThrow(/network mode 7 is not known/);
  expect(() => read({ security: 7 })).toThrow(/security mode 7 is not known/);
});
