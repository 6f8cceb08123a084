import type { ContainerStatsResponse } from "../api/types/container.ts";
import type { ContainerContext } from "./context.ts";
import { notImplemented } from "../lib/errors.ts";

/** Throws not-found at once, before the first value. */
export async function containerStats(_ctx: ContainerContext, ref: string, options: { stream?: boolean; oneShot?: boolean; signal?: AbortSignal }): Promise<AsyncIterable<ContainerStatsResponse>> {
  throw notImplemented("not implemented yet");
}
