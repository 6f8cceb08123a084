import type { ContainerWaitResponse } from "../api/types/container.ts";
import { invalid } from "../lib/errors.ts";
import type { ContainerContext } from "./context.ts";
import { findContainer } from "./lookup.ts";
import { isRunning, type RunState } from "./record.ts";

export type WaitCondition = "not-running" | "next-exit" | "removed";

/**
 * Resolves once the wait is armed (the time to send the headers); `result` when the condition holds, or rejects with
 * the reason of `signal`.
 */
export async function waitContainer(
  ctx: ContainerContext, ref: string, condition: WaitCondition = "not-running", signal?: AbortSignal,
): Promise<{ result: Promise<ContainerWaitResponse> }> {
  const c = findContainer(ctx, ref);
  const live = ctx.live.of(c.id);
  switch (condition) {
    case "not-running":
      return { result: isRunning(c.state) ? live.nextExit(signal) : Promise.resolve(waitResult(c.state)) };
    case "next-exit":
      return { result: live.nextExit(signal) };
    case "removed":
      return { result: live.removal(signal) };
    default:
      throw invalid(`invalid condition: "${String(condition)}"`);
  }
}

export function waitResult(state: RunState): ContainerWaitResponse {
  return { StatusCode: state.exitCode, ...(state.error && { Error: { Message: state.error } }) };
}
