/** A system call that a profile cannot know is said not to be there, so that programs fall back to an older one. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { HostConfig } from "../../src/api/types/container.ts";
import { attachExec, createExec } from "../../src/container/exec/exec.ts";
import { defaultSeccompProfile } from "../../src/runtime/bundle/seccomp/default-profile.ts";
import type { SeccompProfile } from "../../src/runtime/bundle/seccomp/profile.ts";
import { collect, Rig } from "../container/rig.ts";

const [EPERM, EACCES, ENOSYS, SIGSYS] = [1, 13, 38, 128 + 31];
const X32 = 0x40000000;
/** Programs that call one number, with no argument but zeros, and exit with its errno. */
const programs: Record<string, Buffer> = {
  getpid: callOf(39),
  getrandom: callOf(318),
  keyctl: callOf(250),
  futex_waitv: callOf(449),
  far: callOf(600),
  farther: callOf(9999),
  "i386-getpid": callOf(20, "i386"),
  "i386-keyctl": callOf(288, "i386"),
  "i386-far": callOf(9999, "i386"),
  "x32-keyctl": callOf(X32 + 250),
  "x32-far": callOf(X32 + 9999),
};

let rig: Rig;
let calls: string;
beforeAll(async () => {
  rig = await Rig.start();
  calls = join(rig.root, "calls");
  mkdirSync(calls);
  for (const [name, program] of Object.entries(programs)) writeFileSync(join(calls, name), program, { mode: 0o755 });
});
afterAll(() => rig?.[Symbol.asyncDispose]());

const command = ["sh", "-c", `for call in ${Object.keys(programs).join(" ")}; do /calls/$call; echo $call $?; done`];
/** Exit codes by program. */
const parse = (output: string) =>
  Object.fromEntries(
    output
      .trim()
      .split("\n")
      .map((line) => [line.split(" ")[0], Number(line.split(" ")[1])]),
  );

async function ask(host: HostConfig): Promise<Record<string, number>> {
  const { stdout, stderr, exitCode } = await rig.run(command, {}, { Binds: [`${calls}:/calls:ro`], ...host });
  expect({ stderr: stderr.replace(/^(Bad system call.*\n)*/, ""), exitCode }).toEqual({ stderr: "", exitCode: 0 });
  return parse(stdout);
}

const byDefault = {
  getpid: 0,
  getrandom: 0,
  keyctl: EPERM,
  far: ENOSYS,
  farther: ENOSYS,
  "i386-getpid": 0,
  "i386-keyctl": EPERM,
  "i386-far": ENOSYS,
  "x32-keyctl": EPERM,
  "x32-far": ENOSYS,
};
const profile = (change: Partial<SeccompProfile>): HostConfig => ({
  SecurityOpt: [`seccomp=${JSON.stringify({ ...defaultSeccompProfile(), ...change })}`],
});
const { syscalls, architectures: _, archMap: __, ...rest } = defaultSeccompProfile();
/** Names above futex_waitv are left out. */
const older = (syscalls ?? []).map((rule) => ({
  ...rule,
  names:
    rule.names?.filter(
      (name) => !/^(cachestat|fchmodat2|map_shadow_stack|futex_.+|set_mempolicy_home_node)$/.test(name),
    ) ?? [],
}));

describe.each(["crun", "runc"])("%s", (Runtime) => {
  test("the default profile", async () => expect(await ask({ Runtime })).toMatchObject(byDefault));

  test("an exec", async () => {
    const id = await rig.start(["sleep", "1000"], { StopTimeout: 0 }, { Runtime, Binds: [`${calls}:/calls:ro`] });
    const exec = await createExec(rig.deps, id, { Cmd: command, AttachStdout: true, AttachStderr: true });
    expect(parse((await collect(await attachExec(rig.deps, exec.Id, {}))).stdout)).toMatchObject(byDefault);
  });

  test("a profile with another errno", async () =>
    expect(await ask({ Runtime, ...profile({ defaultErrnoRet: EACCES }) })).toMatchObject({
      ...byDefault,
      keyctl: EACCES,
      "i386-keyctl": EACCES,
      "x32-keyctl": EACCES,
    }));

  test("a profile that kills", async () => {
    const { defaultErrnoRet, ...own } = defaultSeccompProfile();
    expect(
      await ask({ Runtime, SecurityOpt: [`seccomp=${JSON.stringify({ ...own, defaultAction: "SCMP_ACT_KILL" })}`] }),
    ).toMatchObject({
      getpid: 0,
      keyctl: SIGSYS,
      far: ENOSYS,
      farther: ENOSYS,
      "i386-keyctl": SIGSYS,
      "i386-far": ENOSYS,
    });
  });

  test.each(["SCMP_ACT_ALLOW", "SCMP_ACT_LOG"])(
    "by default %s: calls above the named ones go through",
    async (defaultAction) =>
      expect(
        await ask({
          Runtime,
          SecurityOpt: [
            `seccomp=${JSON.stringify({ defaultAction, syscalls: [{ names: ["keyctl"], action: "SCMP_ACT_ERRNO" }] })}`,
          ],
        }),
      ).toMatchObject({ getpid: 0, getrandom: 0, keyctl: EPERM, farther: ENOSYS }),
  );

  test("a tracer that is not there", async () =>
    expect(await ask({ Runtime, ...profile({ defaultAction: "SCMP_ACT_TRACE" }) })).toMatchObject({
      getpid: 0,
      keyctl: ENOSYS,
      farther: ENOSYS,
    }));

  test("what a profile names only to refuse it is known", async () => {
    const refused = { names: ["futex_waitv"], action: "SCMP_ACT_ERRNO", errnoRet: EPERM };
    expect(await ask({ Runtime, ...profile({ syscalls: older }) })).toMatchObject({
      getpid: 0,
      keyctl: EPERM,
      futex_waitv: ENOSYS,
      far: ENOSYS,
    });
    expect(await ask({ Runtime, ...profile({ syscalls: [...older, refused] }) })).toMatchObject({
      getpid: 0,
      keyctl: EPERM,
      futex_waitv: EPERM,
      far: ENOSYS,
    });
  });

  test("no filter", async () => {
    for (const host of [{ SecurityOpt: ["seccomp=unconfined"] }, { Privileged: true }]) {
      const answers = await ask({ Runtime, ...host });
      expect(answers).toMatchObject({ getpid: 0, farther: ENOSYS });
      expect(answers.keyctl).not.toBe(EPERM);
    }
  });
});

test("a profile without architectures is the machine's own; runc 1.1.14 and older know nothing there", async () =>
  expect(
    await ask({ Runtime: "crun", SecurityOpt: [`seccomp=${JSON.stringify({ ...rest, syscalls })}`] }),
  ).toMatchObject({ getpid: 0, keyctl: EPERM, far: ENOSYS, "i386-getpid": SIGSYS }));

test("who hands crun a filter of their own has that one", async () => {
  const allowAll = Buffer.from([0x06, 0, 0, 0, 0, 0, 0xff, 0x7f]).toString("base64");
  expect((await ask({ Runtime: "crun", Annotations: { "run.oci.seccomp_bpf_data": allowAll } })).keyctl).not.toBe(
    EPERM,
  );
});

test("several that need a new filter at the same time; nothing stays of its making", async () => {
  const host = { Runtime: "crun", ...profile({ defaultErrnoRet: 95 }) };
  const all = await Promise.all(Array.from({ length: 4 }, () => ask(host)));
  for (const answers of all) expect(answers).toMatchObject({ keyctl: 95, farther: ENOSYS });
  for (const left of ["seccomp-compiler", "runtimes/crun/seccomp-compiler"])
    expect(existsSync(join(rig.deps.execRoot, left))).toBe(false);
});

/**
 * An ELF program for x86_64: calls a number (`syscall`, or `int 0x80` for one of i386), then exit_group(max(0,
 * -result)).
 */
function callOf(call: number, kind: "native" | "i386" = "native"): Buffer {
  const number = Buffer.alloc(4);
  number.writeUInt32LE(call);
  const code = Buffer.concat([
    Buffer.from([0xb8]),
    number, // mov eax, call
    Buffer.from(kind === "native" ? [0x0f, 0x05] : [0xcd, 0x80]),
    Buffer.from([0x31, 0xff, 0xf7, 0xd8, 0x0f, 0x4f, 0xf8]), // xor edi, edi; neg eax; cmovg edi, eax
    Buffer.from([0xb8, 231, 0, 0, 0, 0x0f, 0x05]), // mov eax, exit_group; syscall
  ]);
  const [headers, base] = [64 + 56, 0x400000];
  const elf = Buffer.alloc(headers);
  elf.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  elf.writeUInt16LE(2, 16); // an executable
  elf.writeUInt16LE(62, 18); // x86_64
  elf.writeUInt32LE(1, 20);
  elf.writeBigUInt64LE(BigInt(base + headers), 24); // entry
  elf.writeBigUInt64LE(64n, 32); // program headers
  for (const [at, value] of [
    [52, 64],
    [54, 56],
    [56, 1],
  ] as const)
    elf.writeUInt16LE(value, at);
  elf.writeUInt32LE(1, 64); // PT_LOAD
  elf.writeUInt32LE(5, 68); // to read and run
  for (const [at, value] of [
    [80, base],
    [88, base],
    [96, headers + code.length],
    [104, headers + code.length],
    [112, 0x1000],
  ] as const) {
    elf.writeBigUInt64LE(BigInt(value), at);
  }
  return Buffer.concat([elf, code]);
}
