import type { Frame } from "../api/stdcopy.ts";
import type { ContainerContext } from "./context.ts";
import { notImplemented } from "../lib/errors.ts";

export interface LogsOptions { follow?: boolean; stdout?: boolean; stderr?: boolean; since?: string; until?: string; timestamps?: boolean; tail?: string; details?: boolean; signal?: AbortSignal }
export async function containerLogs(_ctx: ContainerContext, ref: string, options: LogsOptions): Promise<{ tty: boolean; frames: AsyncIterable<Frame> }> {
  throw notImplemented("not implemented yet");
}
