import type { ContainerConfig, ContainerCreateResponse, HostConfig } from "../api/types/container.ts";
import type { NetworkingConfig } from "../api/types/network.ts";
import type { ContainerContext } from "./context.ts";
import { notImplemented } from "../lib/errors.ts";

export type CreateBody = ContainerConfig & { HostConfig?: HostConfig | null; NetworkingConfig?: NetworkingConfig | null };
export async function createContainer(_ctx: ContainerContext, request: { name?: string; platform?: string; body: CreateBody }): Promise<ContainerCreateResponse> {
  throw notImplemented("not implemented yet");
}
