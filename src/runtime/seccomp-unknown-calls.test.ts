import { describe, expect, test } from "bun:test";
import { answerUnknownCalls, highestCalls } from "./seccomp-unknown-calls.ts";

const X86_64 = 0xc000003e;
const I386 = 0x40000003;
const ARM64 = 0xc00000b7;
const X32 = 0x40000000;
const [ALLOW, REFUSE, KILL, ENOSYS] = [0x7fff0000, 0x00050001, 0, 0x00050026];

type Instruction = [code: number, whenTrue: number, whenFalse: number, k: number];
const [LOAD, AND, JA, JEQ, JGE, JSET, RET] = [0x20, 0x54, 0x05, 0x15, 0x35, 0x45, 0x06];

function assemble(...program: Instruction[]): Buffer {
  return Buffer.concat(
    program.map(([code, whenTrue, whenFalse, k]) => {
      const bytes = Buffer.alloc(8);
      bytes.writeUInt16LE(code);
      bytes.set([whenTrue, whenFalse], 2);
      bytes.writeUInt32LE(k, 4);
      return bytes;
    }),
  );
}

/** As the kernel does: what a filter answers to a call. */
function answer(filter: Buffer, arch: number, call: number, argument = 0): number {
  const data = Buffer.alloc(64);
  data.writeUInt32LE(call >>> 0);
  data.writeUInt32LE(arch, 4);
  data.writeUInt32LE(argument, 16);
  let loaded = 0;
  for (let at = 0; ; at++) {
    const [code, whenTrue, whenFalse, k] = [
      filter.readUInt16LE(at * 8),
      filter.readUInt8(at * 8 + 2),
      filter.readUInt8(at * 8 + 3),
      filter.readUInt32LE(at * 8 + 4),
    ];
    if (code === RET) return k;
    if (code === LOAD) loaded = data.readUInt32LE(k);
    else if (code === AND) loaded = (loaded & k) >>> 0;
    else if (code === JA) at += k;
    else
      at += { [JEQ]: loaded === k, 37: loaded > k, [JGE]: loaded >= k, [JSET]: (loaded & k) !== 0 }[code]
        ? whenTrue
        : whenFalse;
  }
}

/** As libseccomp writes one for x86_64, x32 and i386; 300 is allowed by its first argument alone. */
const filter = assemble(
  [LOAD, 0, 0, 4],
  [JEQ, 1, 0, X86_64],
  [JA, 0, 0, 12],
  [LOAD, 0, 0, 0],
  [JGE, 0, 3, X32],
  [JEQ, 7, 0, 0xffffffff],
  [JEQ, 7, 0, X32 + 540],
  [JA, 0, 0, 5],
  [JEQ, 5, 0, 39],
  [JEQ, 0, 3, 300],
  [LOAD, 0, 0, 16],
  [AND, 0, 0, 0xffff],
  [JEQ, 1, 0, 5000],
  [RET, 0, 0, REFUSE],
  [RET, 0, 0, ALLOW],
  [JEQ, 0, 3, I386],
  [LOAD, 0, 0, 0],
  [JEQ, 2, 0, 20],
  [RET, 0, 0, REFUSE],
  [RET, 0, 0, KILL],
  [RET, 0, 0, ALLOW],
);

test("the highest call of each kind is found; arguments are none, nor is what a tracer leaves out", () => {
  expect(highestCalls(filter)).toEqual(
    new Map([
      [X86_64, { plain: 300, x32: X32 + 540 }],
      [I386, { plain: 20 }],
    ]),
  );
});

test("a filter that names no call of an architecture knows none", () => {
  expect(highestCalls(assemble([RET, 0, 0, REFUSE]))).toEqual(new Map());
  expect(answer(answerUnknownCalls(filter, new Map()), X86_64, 9999)).toBe(REFUSE);
});

describe("with the answer in front", () => {
  const patched = answerUnknownCalls(filter, highestCalls(filter));
  test.each([
    ["allowed", X86_64, 39, 0, ALLOW],
    ["allowed by its argument", X86_64, 300, 5000, ALLOW],
    ["refused by its argument", X86_64, 300, 1, REFUSE],
    ["refused", X86_64, 40, 0, REFUSE],
    ["unknown", X86_64, 301, 0, ENOSYS],
    ["far away", X86_64, 0x3fffffff, 0, ENOSYS],
    ["x32, allowed", X86_64, X32 + 540, 0, ALLOW],
    ["x32, refused", X86_64, X32 + 39, 0, REFUSE],
    ["x32, unknown", X86_64, X32 + 541, 0, ENOSYS],
    ["none", X86_64, -1, 0, ENOSYS],
    ["i386, allowed", I386, 20, 0, ALLOW],
    ["i386, refused", I386, 19, 0, REFUSE],
    ["i386, unknown, though x86_64 has it", I386, 39, 0, ENOSYS],
    ["an architecture that the filter refuses", ARM64, 9999, 0, KILL],
  ])("%s", (_, arch, call, argument, expected) => expect(answer(patched, arch, call, argument)).toBe(expected));
});

test("where x32 is not the filter's, it decides on those calls alone", () => {
  expect(answer(answerUnknownCalls(filter, new Map([[X86_64, { plain: 300 }]])), X86_64, X32 + 600)).toBe(REFUSE);
});

test("one of the kernel's longest filters stays as it is", () => {
  const longest = assemble(...Array.from({ length: 4090 }, (): Instruction => [LOAD, 0, 0, 0]), [RET, 0, 0, ALLOW]);
  expect(answerUnknownCalls(longest, highestCalls(filter))).toBe(longest);
});
