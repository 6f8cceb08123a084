import { invalid } from "../../lib/errors.ts";
import { goBoolean } from "../../lib/go-boolean.ts";

/** `HostConfig.SecurityOpt`, understood. */
export interface SecurityOptions {
  noNewPrivileges: boolean;
  /** Absent: the container's privilege decides. */
  writableCgroups?: boolean;
  /** Absent: the default. */
  apparmor?: string;
  /** `unconfined`, `builtin` or a profile's JSON text. Absent: the daemon's. */
  seccomp?: string;
  /** SELinux; recorded, not enforced (see validateHostConfig). */
  labels: string[];
  /** `/proc` and `/sys` are neither masked nor read-only. */
  unmaskedSystemPaths: boolean;
}

/** Throws `invalid` with Docker's text. */
export function parseSecurityOptions(
  options: readonly string[],
  defaults: { noNewPrivileges: boolean },
): SecurityOptions {
  const parsed: SecurityOptions = { noNewPrivileges: defaults.noNewPrivileges, labels: [], unmaskedSystemPaths: false };
  for (const option of options) {
    if (option === "no-new-privileges") parsed.noNewPrivileges = true;
    else if (option === "writable-cgroups") parsed.writableCgroups = true;
    else if (option === "disable") parsed.labels.push("disable");
    else applyPair(parsed, option);
  }
  return parsed;
}

function applyPair(parsed: SecurityOptions, option: string): void {
  const separator = option.includes("=") ? "=" : ":";
  const at = option.indexOf(separator);
  if (at < 0) throw invalid(`invalid --security-opt 1: ${JSON.stringify(option)}`);
  const value = option.slice(at + 1);
  const malformed = () => invalid(`invalid --security-opt 2: ${JSON.stringify(option)}`);
  switch (option.slice(0, at)) {
    case "label":
      parsed.labels.push(value);
      break;
    case "apparmor":
      parsed.apparmor = value;
      break;
    case "seccomp":
      parsed.seccomp = value;
      break;
    case "no-new-privileges":
      parsed.noNewPrivileges = readBoolean(value, malformed);
      break;
    case "writable-cgroups":
      parsed.writableCgroups = readBoolean(value, malformed);
      break;
    // The CLI turns this into MaskedPaths and ReadonlyPaths before it calls; other clients may send it on.
    case "systempaths":
      if (value !== "unconfined") throw malformed();
      parsed.unmaskedSystemPaths = true;
      break;
    default:
      throw malformed();
  }
}

function readBoolean(text: string, malformed: () => Error): boolean {
  const value = goBoolean(text);
  if (value === null) throw malformed();
  return value;
}
