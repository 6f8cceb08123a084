import type { NetworkContext } from "./context.ts";
import { dropFirewall } from "./firewall/changes.ts";
import { sweepLingering } from "./lingering.ts";
import { allSandboxes } from "./table.ts";

/**
 * At the end of a daemon: what is left of containers that are gone goes; where none lives on a network the firewall's
 * table goes too, else it stays, as they do.
 */
export async function releaseNetworks(ctx: NetworkContext): Promise<void> {
  sweepLingering(ctx);
  if (allSandboxes(ctx.store).length === 0) await dropFirewall(ctx);
}
