import type { Client } from "../../../client/client.ts";
import { waitContainer } from "../../../client/containers.ts";
import { errorMessage } from "../../../lib/errors.ts";
import type { Output } from "../../deps.ts";
import { exitCodes } from "../../errors.ts";

/**
 * Waits from before the start until the container has exited (or, with auto-remove, is gone). Resolves when the
 * engine listens; `status` is the container's exit code, 125 where waiting itself failed.
 */
export async function waitExit(
  client: Client,
  container: string,
  autoRemove: boolean,
  err: Output,
): Promise<{ status: Promise<number> }> {
  const { result } = await waitContainer(client, container, autoRemove ? "removed" : "next-exit");
  const status = result.then(
    ({ StatusCode, Error: failure }) => {
      if (!failure?.Message) return StatusCode;
      err.write(`Error waiting for container: ${failure.Message}\n`);
      return exitCodes.engine;
    },
    (error: unknown) => {
      err.write(`error waiting for container: ${errorMessage(error)}\n`);
      return exitCodes.engine;
    },
  );
  return { status };
}
