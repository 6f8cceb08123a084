import type { ContainerContext } from "./context.ts";
import { notImplemented } from "../lib/errors.ts";

export async function killContainer(_ctx: ContainerContext, ref: string, options: { signal?: string } = {}): Promise<void> {
  throw notImplemented("not implemented yet");
}
