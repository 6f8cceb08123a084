import type { ContainerContext } from "./context.ts";
import { notImplemented } from "../lib/errors.ts";

export async function exportContainer(_ctx: ContainerContext, ref: string): Promise<ReadableStream<Uint8Array>> {
  throw notImplemented("not implemented yet");
}
