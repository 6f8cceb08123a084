import type { ContainerContext } from "./context.ts";
import { notImplemented } from "../lib/errors.ts";

export async function restartContainer(_ctx: ContainerContext, ref: string, options: { signal?: string; timeout?: number } = {}): Promise<void> {
  throw notImplemented("not implemented yet");
}
