import type { Health, HealthConfig, HealthcheckResult } from "../../api/types/container.ts";

/** Results that are kept. */
const logLimit = 5;
const defaultRetries = 3;

/** A container's health after another probe. Pure. `startedAt` in Unix milliseconds. */
export function judge(
  before: Health | undefined,
  result: NonNullable<HealthcheckResult>,
  { check, startedAt }: { check: HealthConfig; startedAt: number },
): NonNullable<Health> {
  const Log = [...(before?.Log ?? []), result].slice(-logLimit);
  if (result.ExitCode === 0) return { Status: "healthy", FailingStreak: 0, Log };

  const status = before?.Status ?? "starting";
  const graceEnds = startedAt + (check.StartPeriod ?? 0) / 1_000_000;
  // A failure counts once the start period is over, or once the container has been healthy.
  if (status === "starting" && Date.parse(result.Start ?? "") < graceEnds)
    return { Status: status, FailingStreak: before?.FailingStreak ?? 0, Log };
  const FailingStreak = (before?.FailingStreak ?? 0) + 1;
  return { Status: FailingStreak >= retriesOf(check) ? "unhealthy" : status, FailingStreak, Log };
}

/** By enough failures in a row: one that stood still shows as unhealthy too, though nothing has failed. */
export function isUnhealthy(health: NonNullable<Health>, check: HealthConfig): boolean {
  return health.Status === "unhealthy" && (health.FailingStreak ?? 0) >= retriesOf(check);
}

function retriesOf({ Retries }: HealthConfig): number {
  return Retries && Retries > 0 ? Retries : defaultRetries;
}
