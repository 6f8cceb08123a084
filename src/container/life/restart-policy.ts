import type { RestartPolicy } from "../../api/types/container.ts";

const initialBackoff = 100;
const maxBackoff = 60_000;

/** Milliseconds before the next restart: doubles from 100 ms to 1 min, from the start again after a run of 10 s. */
export function nextBackoff(last: number, ranFor: number): number {
  if (last === 0 || ranFor >= 10_000) return initialBackoff;
  return Math.min(last * 2, maxBackoff);
}

/** How a run ended, as far as the restart policy cares. */
export interface Exit {
  exitCode: number;
  restartCount: number;
  /** Stopped by request, not by itself. */
  manuallyStopped: boolean;
}

/** Whether a container that has just ended shall start again. */
export function shouldRestart(policy: RestartPolicy | null | undefined, exit: Exit): boolean {
  if (exit.manuallyStopped) return false;
  switch (policy?.Name) {
    case "always":
    case "unless-stopped":
      return true;
    case "on-failure": {
      const limit = policy.MaximumRetryCount ?? 0;
      return exit.exitCode !== 0 && (limit === 0 || exit.restartCount < limit);
    }
    default:
      return false;
  }
}

/** Whether the daemon starts it at boot: it ran once and was not left stopped on purpose. */
export function shouldStartAtBoot(
  policy: RestartPolicy | null | undefined,
  last: Exit & { started: boolean; wasRunning: boolean },
): boolean {
  if (!last.started) return false;
  switch (policy?.Name) {
    case "always":
      return true;
    case "unless-stopped":
      return !last.manuallyStopped;
    case "on-failure":
      return last.wasRunning && shouldRestart(policy, last);
    default:
      return false;
  }
}
