import type { ContainerUpdateResponse, Resources, RestartPolicy } from "../api/types/container.ts";
import type { ContainerContext } from "./context.ts";
import { notImplemented } from "../lib/errors.ts";

export async function updateContainer(_ctx: ContainerContext, ref: string, body: Resources & { RestartPolicy?: RestartPolicy | null }): Promise<ContainerUpdateResponse> {
  throw notImplemented("not implemented yet");
}
