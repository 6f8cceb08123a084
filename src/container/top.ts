import type { ContainerTopResponse } from "../api/types/container.ts";
import type { ContainerContext } from "./context.ts";
import { notImplemented } from "../lib/errors.ts";

export async function topContainer(_ctx: ContainerContext, ref: string, psArgs?: string): Promise<ContainerTopResponse> {
  throw notImplemented("not implemented yet");
}
