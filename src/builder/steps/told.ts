import { cancelled, errorMessage } from "../../lib/errors.ts";
import { CacheLost } from "../cache/imported.ts";
import { DockerfileError, type Range } from "../dockerfile/source.ts";
import { RunFailed } from "./run-failed.ts";
import type { StageWork } from "./stage-work.ts";

/** Does a step. A failure is told at it and with its place, unless it is only the echo of another one's. */
export async function told(
  { build, stepId }: StageWork,
  { range }: { range: Range },
  work: () => Promise<void> | void,
): Promise<void> {
  try {
    await work();
  } catch (cause) {
    const { signal, toldFailures } = build;
    if (signal.aborted && !(cause instanceof RunFailed)) throw signal.reason ?? cancelled("the build was cancelled");
    if (cause instanceof CacheLost || (cause instanceof Error && toldFailures.has(cause))) throw cause;
    const error =
      cause instanceof RunFailed || cause instanceof DockerfileError
        ? cause
        : new DockerfileError(errorMessage(cause), range, { cause });
    toldFailures.add(error);
    build.events.emit({ kind: "failed", id: stepId, message: errorMessage(error) });
    throw error;
  }
}
