import { EngineError } from "../../lib/errors.ts";
import { run } from "../../lib/run.ts";

/** Runs an nft(8) script in the daemon's network namespace: all of it happens, or nothing. `started`: see `run`. */
export async function applyNft(script: string, started?: (pid: number) => void): Promise<void> {
  const { exitCode, stderr } = await run(["nft", "-f", "-"], { input: script, ...(started && { started }) });
  if (exitCode !== 0) throw new EngineError("internal", `nft: ${firstError(stderr)}`);
}

/** nft repeats the offending line under each complaint; the complaint is what is wanted. */
function firstError(stderr: string): string {
  return (
    stderr
      .split("\n")
      .find((line) => line.includes("Error:"))
      ?.replace(/^.*Error: /, "") ?? stderr.trim()
  );
}
