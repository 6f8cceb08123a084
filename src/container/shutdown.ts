import type { ContainerContext } from "./context.ts";
import { notImplemented } from "../lib/errors.ts";

export async function shutdownContainers(_ctx: ContainerContext, options: { timeout?: number } = {}): Promise<void> {
  throw notImplemented("not implemented yet");
}
