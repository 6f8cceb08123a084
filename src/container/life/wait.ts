import type { ContainerWaitResponse } from "../../api/types/container.ts";
import { invalid } from "../../lib/errors.ts";
import type { ContainerDeps } from "../deps.ts";
import { findContainer } from "../lookup.ts";
import { countsAsRunning, type RunState } from "../record.ts";

/** What `POST /containers/<id>/wait` waits for; `not-running` holds at once for a container that does not run. */
export type WaitCondition = "not-running" | "next-exit" | "removed";

/**
 * Resolves once the wait is armed (the time to send the headers); `result` when the condition holds, or rejects with
 * the reason of `signal`.
 */
export async function waitContainer(
  deps: ContainerDeps,
  ref: string,
  condition: WaitCondition = "not-running",
  signal?: AbortSignal,
): Promise<{ result: Promise<ContainerWaitResponse> }> {
  const c = findContainer(deps, ref);
  const live = deps.live.of(c.id);
  switch (condition) {
    case "not-running":
      return { result: countsAsRunning(c.state) ? live.nextExit(signal) : Promise.resolve(waitResult(c.state)) };
    case "next-exit":
      return { result: live.nextExit(signal) };
    case "removed":
      return { result: live.removal(signal) };
    default:
      throw invalid(`invalid condition: "${String(condition)}"`);
  }
}

/** The answer of a wait for a run that has ended: its exit code, and the error where it has one. */
export function waitResult(state: RunState): ContainerWaitResponse {
  return { StatusCode: state.exitCode, ...(state.error && { Error: { Message: state.error } }) };
}
