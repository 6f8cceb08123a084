import type { EndpointSettings } from "../api/types/network.ts";
import type { ContainerContext } from "./context.ts";
import { notImplemented } from "../lib/errors.ts";

/** `POST /networks/{id}/connect`: works on stopped containers too. */
export async function connectContainer(_ctx: ContainerContext, network: string, request: { Container?: string | null; EndpointConfig?: EndpointSettings | null }): Promise<void> {
  throw notImplemented("not implemented yet");
}

export async function disconnectContainer(_ctx: ContainerContext, network: string, request: { Container?: string | null; Force?: boolean | null }): Promise<void> {
  throw notImplemented("not implemented yet");
}
