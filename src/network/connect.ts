import type { EndpointSettings } from "../api/types/network.ts";
import { notImplemented } from "../lib/errors.ts";
import type { NetworkContext, Sandbox } from "./context.ts";

/**
 * Adds a network to a running container. `network` is a name or an id. Returns the sandbox as it then stands:
 * the caller rewrites hosts and resolv.conf in place.
 */
export async function connectSandbox(
  _ctx: NetworkContext, _containerId: string, _network: string, _endpoint: EndpointSettings | null,
): Promise<Sandbox> {
  throw notImplemented("networks");
}

/** Takes a running container off a network. */
export async function disconnectSandbox(_ctx: NetworkContext, _containerId: string, _network: string): Promise<Sandbox> {
  throw notImplemented("networks");
}
