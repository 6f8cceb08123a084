import { invalid } from "../../../lib/errors.ts";
import { parseJson } from "../../../lib/parse-json.ts";
import type { OciSeccomp, OciSyscallArg, OciSyscallRule } from "../../../oci/runtime.ts";

/** A profile in Docker's own JSON format: the OCI format with conditions on each rule. */
export interface SeccompProfile {
  defaultAction?: string;
  defaultErrnoRet?: number;
  architectures?: string[] | null;
  archMap?: { architecture: string; subArchitectures?: string[] | null }[] | null;
  flags?: string[];
  listenerPath?: string;
  listenerMetadata?: string;
  syscalls?: SeccompRule[] | null;
}

/** A rule of Docker's profile format. It counts where `includes` holds in full and nothing of `excludes` does. */
export interface SeccompRule {
  /** The format's older way to name one. */
  name?: string;
  names?: string[];
  action: string;
  errnoRet?: number | null;
  args?: (OciSyscallArg | null)[] | null;
  comment?: string;
  includes?: SeccompFilter | null;
  excludes?: SeccompFilter | null;
}

/**
 * A condition on the container's capabilities (`CAP_…`), the machine's architecture and the kernel's version (`4.8`).
 */
export interface SeccompFilter {
  caps?: string[] | null;
  /** As Go names them: `amd64`, `arm64`, `x32`. */
  arches?: string[] | null;
  minKernel?: string | null;
}

/** What the conditions of a profile are held against. */
export interface SeccompFacts {
  /** The process's bounding set. */
  capabilities: readonly string[];
  arch: string;
  kernel: readonly [number, number];
}

const nativeArchitectures: Record<string, string> = {
  amd64: "SCMP_ARCH_X86_64",
  arm64: "SCMP_ARCH_AARCH64",
  s390x: "SCMP_ARCH_S390X",
  riscv64: "SCMP_ARCH_RISCV64",
  loong64: "SCMP_ARCH_LOONGARCH64",
};

/** Parses a custom profile. Throws `invalid` with Docker's text. */
export function parseSeccompProfile(text: string): SeccompProfile {
  try {
    const profile: unknown = parseJson(text);
    if (typeof profile !== "object" || profile === null || Array.isArray(profile))
      throw new Error("json: not an object");
    return profile;
  } catch (cause) {
    throw invalid(`Decoding seccomp profile failed: ${cause instanceof Error ? cause.message : cause}`, cause);
  }
}

/** Keeps the rules whose conditions hold here; null where the profile is empty, which means no filter at all. */
export function resolveSeccomp(profile: SeccompProfile, facts: SeccompFacts): OciSeccomp | null {
  const rules = profile.syscalls ?? [];
  if (!profile.defaultAction && rules.length === 0) return null;
  if (profile.architectures?.length && profile.archMap?.length) {
    throw invalid(
      "both 'architectures' and 'archMap' are specified in the seccomp profile, use either 'architectures' or " +
        "'archMap'",
    );
  }
  const native = profile.archMap?.find((entry) => entry.architecture === nativeArchitectures[facts.arch]);
  const architectures = native ? [native.architecture, ...(native.subArchitectures ?? [])] : profile.architectures;
  return {
    defaultAction: profile.defaultAction ?? "",
    ...(profile.defaultErrnoRet !== undefined && { defaultErrnoRet: profile.defaultErrnoRet }),
    ...(architectures?.length && { architectures }),
    ...(profile.flags && { flags: profile.flags }),
    syscalls: rules.filter((rule) => applies(rule, facts)).map(toOciRule),
  };
}

function applies({ includes, excludes }: SeccompRule, { capabilities, arch, kernel }: SeccompFacts): boolean {
  if (excludes) {
    if (excludes.arches?.includes(arch)) return false;
    if (excludes.caps?.some((cap) => capabilities.includes(cap))) return false;
    if (excludes.minKernel && isAtLeast(kernel, excludes.minKernel)) return false;
  }
  if (includes) {
    if (includes.arches?.length && !includes.arches.includes(arch)) return false;
    if (includes.caps?.some((cap) => !capabilities.includes(cap))) return false;
    if (includes.minKernel && !isAtLeast(kernel, includes.minKernel)) return false;
  }
  return true;
}

function toOciRule({ name, names, action, errnoRet, args }: SeccompRule): OciSyscallRule {
  if (name && names?.length) {
    throw invalid("both 'name' and 'names' are specified in the seccomp profile, use either 'name' or 'names'");
  }
  const kept = (args ?? []).filter((arg) => arg !== null);
  return {
    names: name ? [name] : (names ?? []),
    action,
    ...(errnoRet !== undefined && errnoRet !== null && { errnoRet }),
    ...(kept.length > 0 && { args: kept }),
  };
}

function isAtLeast([major, minor]: readonly [number, number], version: string): boolean {
  const match = /^(\d+)\.(\d+)/.exec(version);
  if (!match) throw invalid(`invalid kernel version: "${version}"`);
  const [wantMajor, wantMinor] = [Number(match[1]), Number(match[2])];
  return major > wantMajor || (major === wantMajor && minor >= wantMinor);
}
