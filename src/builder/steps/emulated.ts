import { EngineError, errorMessage } from "../../lib/errors.ts";
import { formatPlatform, hostPlatform, platformScore } from "../../oci/platform.ts";
import type { StageWork } from "./stage-work.ts";

/** Runs a step's program. What the kernel cannot run for want of an emulator is told as that. */
export async function emulated(
  { build, planned, stepId }: StageWork,
  run: (output: (stream: 1 | 2, data: Uint8Array) => Promise<void>) => Promise<number>,
): Promise<number> {
  const foreign = platformScore(planned.platform, hostPlatform()) === 0;
  const refusal = /exec format error/i;
  let refused = false;
  const output = (stream: 1 | 2, data: Uint8Array) => {
    refused ||= foreign && stream === 2 && refusal.test(Buffer.from(data).toString());
    return build.events.output(stepId, stream, data);
  };
  // A runtime says so itself, or in the place of the program that it could not start.
  const exitCode = await run(output).catch((error: unknown) => {
    if (!foreign || !refusal.test(errorMessage(error))) throw error;
    refused = true;
    return 1;
  });
  if (!refused || exitCode === 0) return exitCode;
  throw new EngineError(
    "invalid",
    `cannot run programs for ${formatPlatform(planned.platform)} on ${formatPlatform(hostPlatform())}: exec ` +
      "format error: install an emulator (qemu-user-static and binfmt-support), or build in a stage FROM " +
      "--platform=$BUILDPLATFORM",
  );
}
