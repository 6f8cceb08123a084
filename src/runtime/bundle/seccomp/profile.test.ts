import { describe, expect, test } from "bun:test";
import { defaultCapabilities } from "../capabilities.ts";
import { defaultSeccompProfile } from "./default-profile.ts";
import { parseSeccompProfile, resolveSeccomp, type SeccompProfile } from "./profile.ts";

const facts = { capabilities: defaultCapabilities, arch: "amd64", kernel: [6, 1] as const };
const rulesFor = (name: string, capabilities: readonly string[] = defaultCapabilities, arch = "amd64") =>
  resolveSeccomp(defaultSeccompProfile(), { ...facts, capabilities, arch })?.syscalls?.filter((rule) =>
    rule.names.includes(name),
  ) ?? [];

describe("the default profile", () => {
  test("refuses what it does not name, with EPERM, on all the machine's architectures", () => {
    const profile = resolveSeccomp(defaultSeccompProfile(), facts);
    expect(profile).toMatchObject({
      defaultAction: "SCMP_ACT_ERRNO",
      defaultErrnoRet: 1,
      architectures: ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"],
    });
    for (const name of [
      "keyctl",
      "add_key",
      "kexec_load",
      "io_uring_setup",
      "userfaultfd",
      "mount",
      "reboot",
      "bpf",
      "init_module",
    ]) {
      expect(rulesFor(name)).toEqual([]);
    }
  });
  test("allows everyday calls", () => {
    for (const name of ["read", "execve", "openat", "statx", "chroot", "ptrace", "arch_prctl", "modify_ldt"]) {
      expect(rulesFor(name)).toMatchObject([{ action: "SCMP_ACT_ALLOW" }]);
    }
  });
  test("opens with capabilities", () => {
    expect(rulesFor("mount", ["CAP_SYS_ADMIN"])).toMatchObject([{ action: "SCMP_ACT_ALLOW" }]);
    expect(rulesFor("chroot", [])).toEqual([]);
    expect(rulesFor("reboot", ["CAP_SYS_BOOT"])).toHaveLength(1);
  });
  test("clone makes no namespaces, clone3 does not exist", () => {
    expect(rulesFor("clone")).toEqual([
      {
        names: ["clone"],
        action: "SCMP_ACT_ALLOW",
        args: [{ index: 0, op: "SCMP_CMP_MASKED_EQ", value: 2114060288, valueTwo: 0 }],
      },
    ]);
    expect(rulesFor("clone3")).toEqual([{ names: ["clone3"], action: "SCMP_ACT_ERRNO", errnoRet: 38 }]);
    expect(rulesFor("clone3", ["CAP_SYS_ADMIN"])).toMatchObject([{ action: "SCMP_ACT_ALLOW" }]);
  });
  test("sockets of AF_ALG and AF_VSOCK are refused", () => {
    const allowed = (family: number) =>
      rulesFor("socket").some(({ args: [arg] = [] }) =>
        arg?.op === "SCMP_CMP_LT"
          ? family < arg.value
          : arg?.op === "SCMP_CMP_GT"
            ? family > arg.value
            : family === arg?.value,
      );
    expect([1, 2, 10, 16, 37, 39, 41].every(allowed)).toBe(true);
    expect([38, 40].some(allowed)).toBe(false);
  });
  test("differs by architecture", () => {
    expect(rulesFor("arch_prctl", [], "arm64")).toEqual([]);
    expect(rulesFor("cacheflush", [], "arm64")).toHaveLength(1);
    expect(resolveSeccomp(defaultSeccompProfile(), { ...facts, arch: "arm64" })?.architectures).toEqual([
      "SCMP_ARCH_AARCH64",
      "SCMP_ARCH_ARM",
    ]);
  });
  test("an old kernel has no ptrace", () => {
    const old = resolveSeccomp(defaultSeccompProfile(), { ...facts, kernel: [4, 7] });
    expect(old?.syscalls?.some((rule) => rule.names.includes("ptrace"))).toBe(false);
  });
});

describe("custom profiles", () => {
  const resolve = (profile: SeccompProfile) => resolveSeccomp(profile, facts);
  test("an empty one means no filter", () => expect(resolve({})).toBeNull());
  test("the older `name`, architectures and flags pass", () => {
    expect(
      resolve({
        defaultAction: "SCMP_ACT_ALLOW",
        architectures: ["SCMP_ARCH_X86"],
        flags: ["SECCOMP_FILTER_FLAG_LOG"],
        syscalls: [{ name: "chmod", action: "SCMP_ACT_ERRNO", args: null }],
      }),
    ).toEqual({
      defaultAction: "SCMP_ACT_ALLOW",
      architectures: ["SCMP_ARCH_X86"],
      flags: ["SECCOMP_FILTER_FLAG_LOG"],
      syscalls: [{ names: ["chmod"], action: "SCMP_ACT_ERRNO" }],
    });
  });
  test("contradictions are refused", () => {
    expect(() => resolve({ defaultAction: "x", architectures: ["a"], archMap: [{ architecture: "b" }] })).toThrow(
      "use either 'architectures' or 'archMap'",
    );
    expect(() => resolve({ defaultAction: "x", syscalls: [{ name: "a", names: ["b"], action: "c" }] })).toThrow(
      "use either 'name' or 'names'",
    );
  });
  test("text that is no profile is refused", () => {
    expect(() => parseSeccompProfile("{")).toThrow("Decoding seccomp profile failed: ");
    expect(() => parseSeccompProfile("[]")).toThrow("Decoding seccomp profile failed: ");
  });
});
