import type { Attachment } from "./attachment.ts";
import type { ContainerContext } from "./context.ts";
import { notImplemented } from "../lib/errors.ts";

export interface AttachOptions { stdin?: boolean; stdout?: boolean; stderr?: boolean; logs?: boolean; stream?: boolean; detachKeys?: string }
export async function attachContainer(_ctx: ContainerContext, ref: string, options: AttachOptions): Promise<Attachment> {
  throw notImplemented("not implemented yet");
}
