import { notImplemented } from "../lib/errors.ts";
import type { NetworkContext, Sandbox, SandboxRequest } from "./context.ts";

/**
 * Makes a container's network namespace with all it asks for. A transaction: on failure nothing stays.
 * Publishes `network connect` for each endpoint.
 */
export async function setUpSandbox(_ctx: NetworkContext, _request: SandboxRequest): Promise<Sandbox> {
  throw notImplemented("networks");
}
