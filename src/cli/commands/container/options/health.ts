import type { ContainerFlags } from "./flags.ts";

/** In docker's order, so that of several mistakes the same one is told. */
const numbers = [
  "health-interval",
  "health-timeout",
  "health-retries",
  "health-start-period",
  "health-start-interval",
] as const;

/** Throws where `--health-*` flags contradict `--no-healthcheck`, or one of them is below zero. */
export function checkHealth(flags: ContainerFlags): void {
  const given = flags["health-cmd"] !== "" || numbers.some((name) => flags[name] !== 0);
  if (flags["no-healthcheck"] && given) throw new Error("--no-healthcheck conflicts with --health-* options");
  const negative = numbers.find((name) => flags[name] < 0);
  if (negative) throw new Error(`--${negative} cannot be negative`);
}
