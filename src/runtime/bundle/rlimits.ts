import type { Resources } from "../../api/types/container.ts";
import { invalid } from "../../lib/errors.ts";
import type { OciRlimit } from "../../oci/runtime.ts";
import { RLIM_INFINITY } from "../../oci/runtime-json.ts";

type Ulimits = NonNullable<Resources["Ulimits"]>;

/** Names that `--ulimit` takes; RLIMIT_ and upper case make the kernel's. */
const ulimitNames: readonly string[] = [
  "as",
  "core",
  "cpu",
  "data",
  "fsize",
  "locks",
  "memlock",
  "msgqueue",
  "nice",
  "nofile",
  "nproc",
  "rss",
  "rtprio",
  "rttime",
  "sigpending",
  "stack",
];

/**
 * The default limit of open files, as Docker's packages set it. Without a default a container would inherit the
 * daemon's limit, which Bun raises to the hard limit. On some hosts that is a billion, and old programs go through all
 * possible descriptors when they start.
 */
const builtin: Ulimits = [{ Name: "nofile", Soft: 1 << 20, Hard: 1 << 20 }];

/**
 * A container's limits: its own, and the daemon's defaults for what it leaves out. The daemon cannot raise a hard
 * limit above its own without CAP_SYS_RESOURCE (`hardLimits` then has it): defaults are lowered to fit, a request
 * that does not fit is an error.
 */
export function buildRlimits(
  requested: Ulimits,
  defaults: Ulimits,
  hardLimits: Readonly<Record<string, number>>,
): OciRlimit[] {
  const limits = new Map<string, OciRlimit>();
  for (const { Name, Soft, Hard } of [...builtin, ...defaults]) {
    const name = Name ?? "";
    const ceiling = hardLimits[name.toUpperCase()] ?? RLIM_INFINITY;
    limits.set(name, rlimit(name, Math.min(amount(Soft), ceiling), Math.min(amount(Hard), ceiling)));
  }
  for (const { Name, Soft, Hard } of requested) {
    const name = Name ?? "";
    const ceiling = hardLimits[name.toUpperCase()];
    const hard = amount(Hard);
    if (ceiling !== undefined && hard > ceiling) {
      throw invalid(
        `ulimit ${name}: the hard limit ${Hard} is above ${ceiling}, the daemon's own, and the daemon lacks ` +
          "CAP_SYS_RESOURCE to raise it",
      );
    }
    limits.set(name, rlimit(name, amount(Soft), hard));
  }
  return [...limits.values()];
}

function rlimit(name: string, soft: number, hard: number): OciRlimit {
  return { type: `RLIMIT_${name.toUpperCase()}`, soft: Math.min(soft, hard), hard };
}

function amount(value: number | null | undefined): number {
  return value === null || value === undefined || value < 0 ? RLIM_INFINITY : value;
}

/** Throws `invalid` for an unknown name and for a soft limit above the hard one. */
export function validateUlimits(ulimits: Ulimits): void {
  for (const { Name, Soft, Hard } of ulimits) {
    if (!ulimitNames.includes((Name ?? "").toLowerCase())) throw invalid(`invalid ulimit type: ${Name ?? ""}`);
    if (amount(Soft) > amount(Hard))
      throw invalid(`ulimit soft limit must be less than or equal to hard limit: ${Soft} > ${Hard}`);
  }
}
