import type { ContainerInspectResponse } from "../api/types/container.ts";
import type { ContainerContext } from "./context.ts";
import { notImplemented } from "../lib/errors.ts";

export async function inspectContainer(_ctx: ContainerContext, ref: string, options: { size?: boolean } = {}): Promise<ContainerInspectResponse> {
  throw notImplemented("not implemented yet");
}
