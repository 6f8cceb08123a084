import { notImplemented } from "../lib/errors.ts";
import type { NetworkContext } from "./context.ts";

/** At boot, first: predefined networks, bridges, the nft table, IP forwarding. Touches no container. */
export async function startNetworks(_ctx: NetworkContext): Promise<void> {
  throw notImplemented("networks");
}
