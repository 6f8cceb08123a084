import { readdirSync, readFileSync } from "node:fs";

/** What emulators call machines, and what images do. */
const emulated: Readonly<Record<string, string>> = {
  "qemu-aarch64": "arm64",
  "qemu-arm": "arm/v7",
  "qemu-i386": "386",
  "qemu-loongarch64": "loong64",
  "qemu-mips64": "mips64",
  "qemu-mips64el": "mips64le",
  "qemu-ppc64le": "ppc64le",
  "qemu-riscv64": "riscv64",
  "qemu-s390x": "s390x",
  "qemu-x86_64": "amd64",
};

/** The levels of x86-64, and what a processor of each has beside that of the one before. */
const levels = [
  ["v2", "cx16 lahf_lm popcnt pni sse4_1 sse4_2 ssse3"],
  ["v3", "abm avx avx2 bmi1 bmi2 f16c fma movbe xsave"],
  ["v4", "avx512f avx512bw avx512cd avx512dq avx512vl"],
] as const;

/** Machines whose programs the kernel hands to an emulator, as images name them: `arm64`, `arm/v7`. */
export function emulatedMachines(folder = "/proc/sys/fs/binfmt_misc"): string[] {
  try {
    // Of the others one can only be written to.
    const known = readdirSync(folder).filter((name) => Object.hasOwn(emulated, name));
    return known.sort().flatMap((name) => (isOn(`${folder}/${name}`) ? (emulated[name] ?? []) : []));
  } catch {
    // Not mounted, or nobody's to read: there are none.
    return [];
  }
}

const isOn = (path: string) => readFileSync(path, "utf8").startsWith("enabled\n");

/** The levels of x86-64 that the processor has: `v2` and on. `text`: what `/proc/cpuinfo` says. */
export function x86Levels(text = readFileSync("/proc/cpuinfo", "utf8")): string[] {
  const flags = new Set(/^flags\s*:(.*)$/m.exec(text)?.[1]?.trim().split(/\s+/));
  const first = levels.findIndex(([, needed]) => !needed.split(" ").every((flag) => flags.has(flag)));
  return levels.slice(0, first < 0 ? levels.length : first).map(([level]) => level);
}
