import type { ContainerContext } from "./context.ts";
import { notImplemented } from "../lib/errors.ts";

/** `timeout` in seconds; -1 waits for ever. Throws not-modified where it does not run. */
export async function stopContainer(_ctx: ContainerContext, ref: string, options: { signal?: string; timeout?: number } = {}): Promise<void> {
  throw notImplemented("not implemented yet");
}
