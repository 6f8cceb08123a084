/** Compiled filters of system calls: programs of the classic BPF machine, 8 bytes an instruction; see seccomp(2). */
const INSTRUCTION = 8;
/** More instructions than this the kernel does not take. */
const MAX_INSTRUCTIONS = 4096;

/** Codes of instructions, as linux/filter.h composes them. */
const LOAD_WORD = 0x20;
const JUMP = 0x05;
const JUMP_IF_EQUAL = 0x15;
const JUMP_IF_GREATER = 0x25;
const JUMP_IF_SET = 0x45;
const RETURN = 0x06;
const CLASS = 0x07;
const CLASS_JUMP = 5;
/** Classes that change what was loaded: loads, arithmetic, moves between registers. */
const OVERWRITING = [0, 4, 7];

/** Where the machine finds a call's number and its architecture. */
const CALL_OFFSET = 0;
const ARCH_OFFSET = 4;

const AUDIT_ARCH_X86_64 = 0xc000003e;
/** Calls of the x32 kind have the architecture x86_64, and this bit in their number. */
const X32_BIT = 0x40000000;
/** A number that a tracer gives to a call to be left out. No call's number is above it. */
const NO_CALL = 0xffffffff;
/** SECCOMP_RET_ERRNO with ENOSYS, whose number is the same wherever Bun runs. */
const ANSWER_ENOSYS = 0x00050000 | 38;

interface Instruction {
  code: number;
  /** Instructions that a condition which holds, or does not, leaves out. */
  whenTrue: number;
  whenFalse: number;
  k: number;
}

/** The highest number of a call that a filter names, by architecture; those of x32 apart. */
export type HighestCalls = Map<number, { plain?: number; x32?: number }>;

/**
 * Puts a few instructions in front of a filter that answer ENOSYS to calls above the highest one that `known` tells for
 * their architecture. A C library that tries a new call falls back then; EPERM would be taken for an answer. runc does
 * the same (libcontainer/seccomp/patchbpf). A filter with no room for them stays as it is.
 */
export function answerUnknownCalls(filter: Buffer, known: HighestCalls): Buffer {
  const stub = [load(ARCH_OFFSET), ...leadToFilter([...known].map(([arch, highest]) => archSection(arch, highest)))];
  if (stub.length + filter.length / INSTRUCTION > MAX_INSTRUCTIONS) return filter;
  return Buffer.concat([...stub.map(encode), filter]);
}

/** What an architecture's calls go through; a jump to the filter is to follow. */
function archSection(
  arch: number,
  { plain = NO_CALL, x32 = NO_CALL }: { plain?: number; x32?: number },
): Instruction[] {
  const body =
    arch === AUDIT_ARCH_X86_64
      ? [
          load(CALL_OFFSET),
          jumpIf(JUMP_IF_SET, X32_BIT, 1, 0),
          jumpIf(JUMP_IF_GREATER, plain, 1, 2),
          jumpIf(JUMP_IF_GREATER, x32, 0, 1),
        ]
      : [load(CALL_OFFSET), jumpIf(JUMP_IF_GREATER, plain, 0, 1)];
  const section = [...body, { code: RETURN, whenTrue: 0, whenFalse: 0, k: ANSWER_ENOSYS }];
  // One more: the jump behind.
  return [jumpIf(JUMP_IF_EQUAL, arch, 0, section.length + 1), ...section];
}

/** One section after the other, each with a jump over those that follow it. */
function leadToFilter(sections: Instruction[][]): Instruction[] {
  let all: Instruction[] = [];
  for (const section of sections.toReversed()) {
    all = [...section, { code: JUMP, whenTrue: 0, whenFalse: 0, k: all.length }, ...all];
  }
  return all;
}

const load = (offset: number): Instruction => ({ code: LOAD_WORD, whenTrue: 0, whenFalse: 0, k: offset });
const jumpIf = (code: number, k: number, whenTrue: number, whenFalse: number): Instruction => ({
  code,
  whenTrue,
  whenFalse,
  k,
});

/** What the machine may have loaded last. */
const [THE_CALL, THE_ARCH, ELSE] = [0, 1, 2];

/** What is known at an instruction: the architecture, once it was asked for, and what was loaded last. */
interface Place {
  at: number;
  arch: number | null;
  loaded: number;
}

/**
 * Goes all ways through a filter and takes down with which numbers it compares a call's. libseccomp leaves out names
 * that it does not know, and rules that say the same as the default.
 */
export function highestCalls(filter: Buffer): HighestCalls {
  const found: HighestCalls = new Map();
  const seen = new Map<number | null, Set<number>>();
  const ahead: Place[] = [{ at: 0, arch: null, loaded: ELSE }];
  for (let place = ahead.pop(); place; place = ahead.pop()) {
    const { at, arch, loaded } = place;
    const places = seen.get(arch) ?? new Set();
    const name = at * 3 + loaded;
    if (at * INSTRUCTION >= filter.length || places.has(name)) continue;
    seen.set(arch, places.add(name));
    const instruction = decode(filter, at);
    if (instruction.code === JUMP_IF_EQUAL && loaded === THE_CALL && arch !== null) note(found, arch, instruction.k);
    addFollowing(ahead, instruction, place);
  }
  return found;
}

function note(found: HighestCalls, arch: number, call: number): void {
  if (call === NO_CALL) return;
  const highest = found.get(arch) ?? {};
  found.set(arch, highest);
  if (arch === AUDIT_ARCH_X86_64 && call >= X32_BIT) highest.x32 = Math.max(highest.x32 ?? 0, call);
  else highest.plain = Math.max(highest.plain ?? 0, call);
}

function addFollowing(
  ahead: Place[],
  { code, whenTrue, whenFalse, k }: Instruction,
  { at, arch, loaded }: Place,
): void {
  const next = at + 1;
  if (code === RETURN) return;
  if (code === JUMP) {
    ahead.push({ at: next + k, arch, loaded });
  } else if ((code & CLASS) === CLASS_JUMP) {
    const asksArch = code === JUMP_IF_EQUAL && loaded === THE_ARCH;
    if (!asksArch || arch === null || arch === k)
      ahead.push({ at: next + whenTrue, arch: asksArch ? k : arch, loaded });
    if (!asksArch || arch !== k) ahead.push({ at: next + whenFalse, arch, loaded });
  } else {
    ahead.push({ at: next, arch, loaded: loadedBy(code, k, loaded) });
  }
}

function loadedBy(code: number, k: number, before: number): number {
  if (code === LOAD_WORD) return k === CALL_OFFSET ? THE_CALL : k === ARCH_OFFSET ? THE_ARCH : ELSE;
  return OVERWRITING.includes(code & CLASS) ? ELSE : before;
}

function decode(filter: Buffer, index: number): Instruction {
  const at = index * INSTRUCTION;
  return {
    code: filter.readUInt16LE(at),
    whenTrue: filter.readUInt8(at + 2),
    whenFalse: filter.readUInt8(at + 3),
    k: filter.readUInt32LE(at + 4),
  };
}

function encode({ code, whenTrue, whenFalse, k }: Instruction): Buffer {
  const bytes = Buffer.alloc(INSTRUCTION);
  bytes.writeUInt16LE(code);
  bytes.set([whenTrue, whenFalse], 2);
  bytes.writeUInt32LE(k, 4);
  return bytes;
}
