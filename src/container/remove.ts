import type { ContainerContext } from "./context.ts";
import { notImplemented } from "../lib/errors.ts";

export async function removeContainer(_ctx: ContainerContext, ref: string, options: { force?: boolean; volumes?: boolean; link?: boolean } = {}): Promise<void> {
  throw notImplemented("not implemented yet");
}
