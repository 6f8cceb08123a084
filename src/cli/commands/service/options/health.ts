import type { HealthConfig } from "../../../../api/types/container.ts";
import { CliError } from "../../../errors.ts";
import type { CreateFlags } from "./create-flags.ts";
import type { UpdateFlags } from "./update-flags.ts";

const fields = {
  "health-interval": "Interval",
  "health-timeout": "Timeout",
  "health-retries": "Retries",
  "health-start-period": "StartPeriod",
  "health-start-interval": "StartInterval",
} as const;
type FieldFlag = keyof typeof fields;
const names = Object.keys(fields) as FieldFlag[];

/** The health check that flags make of the one there is; undefined where there is none. */
export function healthCheck(
  flags: CreateFlags | UpdateFlags,
  changed: ReadonlySet<string>,
  before?: HealthConfig,
): HealthConfig | undefined {
  const given = names.filter((name) => changed.has(name));
  const command = changed.has("health-cmd");
  if (flags["no-healthcheck"]) {
    if (given.length > 0 || command) throw new CliError("--no-healthcheck conflicts with --health-* options");
    return { Test: ["NONE"] };
  }
  if (given.length === 0 && !command) return before;
  const check: HealthConfig = { ...before };
  if (check.Test?.[0] === "NONE") delete check.Test;
  for (const name of given) {
    const value = flags[name] ?? 0;
    if (value < 0) throw new CliError(`--${name} cannot be negative`);
    if (value === 0) delete check[fields[name]];
    else check[fields[name]] = value;
  }
  if (command && flags["health-cmd"] === "") delete check.Test;
  else if (command) check.Test = ["CMD-SHELL", flags["health-cmd"]];
  return check;
}
