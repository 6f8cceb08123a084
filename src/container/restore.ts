import type { ContainerContext } from "./context.ts";
import { notImplemented } from "../lib/errors.ts";

export async function restoreContainers(_ctx: ContainerContext): Promise<void> {
  throw notImplemented("not implemented yet");
}
