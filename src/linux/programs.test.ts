import { expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { emulatedMachines, x86Levels } from "./programs.ts";

test("machines of emulators that are switched on", () => {
  const folder = mkdtempSync(join(tmpdir(), "berth-binfmt-"));
  try {
    writeFileSync(join(folder, "status"), "enabled\n");
    // The kernel's cannot be read either.
    mkdirSync(join(folder, "register"));
    writeFileSync(join(folder, "python3.11"), "enabled\ninterpreter /usr/bin/python3\n");
    writeFileSync(join(folder, "qemu-arm"), "enabled\ninterpreter /usr/bin/qemu-arm-static\n");
    writeFileSync(join(folder, "qemu-aarch64"), "enabled\ninterpreter /usr/bin/qemu-aarch64-static\n");
    writeFileSync(join(folder, "qemu-s390x"), "disabled\n");
    expect(emulatedMachines(folder)).toEqual(["arm64", "arm/v7"]);
    expect(emulatedMachines(join(folder, "absent"))).toEqual([]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("levels of x86-64, each with all before it", () => {
  const second = "cx16 lahf_lm popcnt pni sse4_1 sse4_2 ssse3";
  const third = "abm avx avx2 bmi1 bmi2 f16c fma movbe xsave";
  expect(x86Levels("flags\t\t: fpu sse2\n")).toEqual([]);
  expect(x86Levels(`processor\t: 0\nflags\t\t: fpu ${second}\n`)).toEqual(["v2"]);
  expect(x86Levels(`flags\t\t: ${second} ${third} avx512f\nbugs\t\t: x\n`)).toEqual(["v2", "v3"]);
  expect(x86Levels(`flags : ${third}\n`)).toEqual([]);
});
