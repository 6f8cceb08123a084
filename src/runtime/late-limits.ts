import { setLimit } from "../linux/rlimit.ts";
import type { OciRlimit, OciSpec } from "../oci/runtime.ts";
import type { RuntimeDeps } from "./deps.ts";
import { isCrun } from "./runtime-command.ts";

/** Open files that crun itself still needs after it has set the limits of the process that it becomes. */
const FILES_OF_CRUN = 256;
/** Bytes of the largest file that it writes then: the compiled seccomp filter. */
const BYTES_OF_CRUN = 1 << 20;

/**
 * crun sets the container's limits on itself before its own work is done, and fails where they are too low for that
 * work. So low limits are left out of the specification, and {@link setLateLimits} sets them while the container's
 * process waits for its start.
 */
export function withoutLateLimits(
  deps: RuntimeDeps,
  spec: OciSpec,
  runtime: string,
): { early: OciSpec; late: OciRlimit[] } {
  const rlimits = spec.process.rlimits ?? [];
  const late = isCrun(deps, runtime) ? rlimits.filter(isLow) : [];
  if (late.length === 0) return { early: spec, late };
  return {
    early: { ...spec, process: { ...spec.process, rlimits: rlimits.filter((limit) => !late.includes(limit)) } },
    late,
  };
}

function isLow({ type, soft }: OciRlimit): boolean {
  return (type === "RLIMIT_NOFILE" && soft < FILES_OF_CRUN) || (type === "RLIMIT_FSIZE" && soft < BYTES_OF_CRUN);
}

/**
 * Sets the limits that {@link withoutLateLimits} left out on a process that waits for its start. Throws SystemError.
 */
export function setLateLimits(pid: number, late: readonly OciRlimit[]): void {
  for (const { type, soft, hard } of late) setLimit(pid, type.replace("RLIMIT_", ""), soft, hard);
}
