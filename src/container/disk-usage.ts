import type { ContainersDiskUsage } from "../api/types/container.ts";
import type { ContainerContext } from "./context.ts";
import { notImplemented } from "../lib/errors.ts";

export async function containersDiskUsage(_ctx: ContainerContext): Promise<ContainersDiskUsage> {
  throw notImplemented("not implemented yet");
}
