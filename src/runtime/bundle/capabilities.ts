import { invalid } from "../../lib/errors.ts";
import type { OciCapabilities } from "../../oci/runtime.ts";

/** Every capability of Linux, in order of its number; see capabilities(7). */
export const knownCapabilities: readonly string[] = [
  "CHOWN",
  "DAC_OVERRIDE",
  "DAC_READ_SEARCH",
  "FOWNER",
  "FSETID",
  "KILL",
  "SETGID",
  "SETUID",
  "SETPCAP",
  "LINUX_IMMUTABLE",
  "NET_BIND_SERVICE",
  "NET_BROADCAST",
  "NET_ADMIN",
  "NET_RAW",
  "IPC_LOCK",
  "IPC_OWNER",
  "SYS_MODULE",
  "SYS_RAWIO",
  "SYS_CHROOT",
  "SYS_PTRACE",
  "SYS_PACCT",
  "SYS_ADMIN",
  "SYS_BOOT",
  "SYS_NICE",
  "SYS_RESOURCE",
  "SYS_TIME",
  "SYS_TTY_CONFIG",
  "MKNOD",
  "LEASE",
  "AUDIT_WRITE",
  "AUDIT_CONTROL",
  "SETFCAP",
  "MAC_OVERRIDE",
  "MAC_ADMIN",
  "SYSLOG",
  "WAKE_ALARM",
  "BLOCK_SUSPEND",
  "AUDIT_READ",
  "PERFMON",
  "BPF",
  "CHECKPOINT_RESTORE",
].map((name) => `CAP_${name}`);

/** What a container has without being asked. */
export const defaultCapabilities: readonly string[] = [
  "CHOWN",
  "DAC_OVERRIDE",
  "FSETID",
  "FOWNER",
  "MKNOD",
  "NET_RAW",
  "SETGID",
  "SETUID",
  "SETFCAP",
  "SETPCAP",
  "NET_BIND_SERVICE",
  "SYS_CHROOT",
  "KILL",
  "AUDIT_WRITE",
].map((name) => `CAP_${name}`);

const ALL = "ALL";

/** The names of a bit mask as /proc/<pid>/status prints it (hexadecimal). */
export function capabilitiesOfMask(mask: string): string[] {
  const bits = BigInt(`0x${mask}`);
  return knownCapabilities.filter((_, bit) => (bits >> BigInt(bit)) & 1n);
}

/**
 * Upper case, with `CAP_`; `ALL` stays. Throws `invalid` for a name nobody knows, and for one that this machine
 * does not grant (`available`).
 */
export function normalizeCapabilities(names: readonly string[], available: readonly string[]): string[] {
  return names.map((name) => {
    const upper = name.toUpperCase();
    if (upper === ALL) return ALL;
    const full = upper.startsWith("CAP_") ? upper : `CAP_${upper}`;
    if (!knownCapabilities.includes(full)) throw invalid(`unknown capability: "${full}"`);
    if (!available.includes(full)) {
      throw invalid(`capability not supported by your kernel or not available in the current environment: "${full}"`);
    }
    return full;
  });
}

/** What `--cap-add`, `--cap-drop` and `--privileged` ask for. */
export interface CapabilityRequest {
  add: readonly string[];
  drop: readonly string[];
  privileged: boolean;
  /** What the daemon can hand on. */
  available: readonly string[];
}

/** The capabilities of a container, as Docker combines defaults, additions and drops. */
export function containerCapabilities({ add, drop, privileged, available }: CapabilityRequest): string[] {
  if (privileged) return [...available];
  const adds = normalizeCapabilities(add, available);
  const drops = normalizeCapabilities(drop, available);
  if (adds.includes(ALL)) return available.filter((name) => !drops.includes(name));
  if (drops.includes(ALL)) return [...new Set(adds)];
  const kept = defaultCapabilities.filter((name) => available.includes(name) && !drops.includes(name));
  return [...new Set([...kept, ...adds])];
}

/** The sets of a process: as with execve(2), one that is not root gets none beyond the bounding set. */
export function processCapabilities(capabilities: readonly string[], uid: number): OciCapabilities {
  const bounding = [...capabilities];
  return uid === 0 ? { bounding, effective: [...bounding], permitted: [...bounding] } : { bounding };
}
