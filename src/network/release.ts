import type { NetworkContext } from "./context.ts";
import { dropFirewall } from "./firewall/changes.ts";
import { allSandboxes } from "./table.ts";

/** At the end of a daemon: where no container lives on a network the firewall's table goes; else it stays, as they do. */
export async function releaseNetworks(ctx: NetworkContext): Promise<void> {
  if (allSandboxes(ctx.store).length === 0) await dropFirewall(ctx);
}
