import type { ContainerContext } from "./context.ts";
import { notImplemented } from "../lib/errors.ts";

export async function renameContainer(_ctx: ContainerContext, ref: string, name: string): Promise<void> {
  throw notImplemented("not implemented yet");
}
