import type { ContainerContext } from "./context.ts";
import { notImplemented } from "../lib/errors.ts";

export async function startContainer(_ctx: ContainerContext, ref: string): Promise<void> {
  throw notImplemented("not implemented yet");
}
