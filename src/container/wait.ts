import type { ContainerWaitResponse } from "../api/types/container.ts";
import type { ContainerContext } from "./context.ts";
import { notImplemented } from "../lib/errors.ts";

export type WaitCondition = "not-running" | "next-exit" | "removed";
/** Resolves once the wait is armed (the time to send the headers); `result` when the condition holds. */
export async function waitContainer(_ctx: ContainerContext, ref: string, condition?: WaitCondition, signal?: AbortSignal): Promise<{ result: Promise<ContainerWaitResponse> }> {
  throw notImplemented("not implemented yet");
}
