import type { FilesystemChange } from "../api/types/container.ts";
import type { ContainerContext } from "./context.ts";
import { notImplemented } from "../lib/errors.ts";

export async function containerChanges(_ctx: ContainerContext, ref: string): Promise<FilesystemChange[]> {
  throw notImplemented("not implemented yet");
}
