import type { ContainerContext } from "./context.ts";
import { notImplemented } from "../lib/errors.ts";

export async function resizeContainer(_ctx: ContainerContext, ref: string, size: { height: number; width: number }): Promise<void> {
  throw notImplemented("not implemented yet");
}
