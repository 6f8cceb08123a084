import type { ContainerContext } from "./context.ts";
import { notImplemented } from "../lib/errors.ts";

export async function pauseContainer(_ctx: ContainerContext, ref: string): Promise<void> {
  throw notImplemented("not implemented yet");
}

export async function unpauseContainer(_ctx: ContainerContext, ref: string): Promise<void> {
  throw notImplemented("not implemented yet");
}
