import type { HealthConfig } from "../../../../api/types/container.ts";
import type { ContainerFlags } from "./flags.ts";

/** `--health-*` and `--no-healthcheck`; undefined where none is given, so that the image's check stands. */
export function parseHealth(flags: ContainerFlags): HealthConfig | undefined {
  const command = flags["health-cmd"];
  const times = {
    Interval: flags["health-interval"], Timeout: flags["health-timeout"],
    StartPeriod: flags["health-start-period"], StartInterval: flags["health-start-interval"], Retries: flags["health-retries"],
  };
  const given = command !== "" || Object.values(times).some((value) => value !== 0);
  if (flags["no-healthcheck"]) {
    if (given) throw new Error("--no-healthcheck conflicts with --health-* options");
    return { Test: ["NONE"] };
  }
  if (!given) return undefined;
  const checked: [string, number][] = [
    ["interval", times.Interval], ["timeout", times.Timeout], ["retries", times.Retries], ["start-period", times.StartPeriod], ["start-interval", times.StartInterval],
  ];
  const negative = checked.find(([, value]) => value < 0);
  if (negative) throw new Error(`--health-${negative[0]} cannot be negative`);
  return {
    ...(command !== "" && { Test: ["CMD-SHELL", command] }),
    ...Object.fromEntries(Object.entries(times).filter(([, value]) => value !== 0)),
  };
}
