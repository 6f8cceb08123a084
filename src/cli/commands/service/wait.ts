import type { CommandDeps } from "../../deps.ts";
import { displayProgress } from "../../progress/display.ts";

/**
 * Shows how a service becomes what it should, and returns once it is. An interrupt ends the showing only. Throws where
 * the update pauses, or is taken back without having been asked for (`askedToRollBack`).
 */
export async function waitOnService(
  deps: CommandDeps,
  service: string,
  quiet: boolean,
  askedToRollBack = false,
): Promise<void> {
  const { followService } = await import("./progress/follow.ts");
  const interrupt = new AbortController();
  const onInterrupt = () => interrupt.abort();
  process.once("SIGINT", onInterrupt);
  try {
    const events = followService(await deps.client(), { service, askedToRollBack, signal: interrupt.signal });
    await displayProgress(deps.out, events, { quiet });
  } finally {
    process.off("SIGINT", onInterrupt);
  }
  if (!interrupt.signal.aborted || quiet) return;
  deps.out.write(
    `Operation continuing in background.\nUse \`${deps.program} service ps ${service}\` to check progress.\n`,
  );
}
