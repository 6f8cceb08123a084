import { errorMessage } from "../lib/errors.ts";
import type { NetworkContext } from "./context.ts";
import { driverOf } from "./driver/driver.ts";
import { rewriteFirewall } from "./firewall/changes.ts";
import { admitBridges } from "./firewall/foreign.ts";
import { enableForwarding } from "./forwarding.ts";
import { defaultBridge, hostOrNone } from "./predefined.ts";
import { startRelay } from "./relay/start.ts";
import { allNetworks, deleteNetwork, endpointCount, networkByName, saveNetwork } from "./table.ts";

/** At boot, first: predefined networks, bridges, the nft table, IP forwarding. Touches no container. */
export async function startNetworks(ctx: NetworkContext): Promise<void> {
  for (const name of ["host", "none"] as const) saveNetwork(ctx.store, hostOrNone(ctx, name));
  if (ctx.bridge) saveNetwork(ctx.store, defaultBridge(ctx, ctx.bridge));
  else forgetBridge(ctx);

  for (const network of allNetworks(ctx.store)) {
    try {
      driverOf(network)?.ensure(ctx, network);
    } catch (error) {
      // One broken network must not take the others, and the daemon, with it.
      if (network.Name === "bridge") throw error;
      ctx.log.error("network could not be set up", { network: network.Name, error: errorMessage(error) });
    }
  }
  enableForwarding(ctx);
  ctx.live.relay ??= await startRelay(ctx);
  await rewriteFirewall(ctx);
  await admitBridges(ctx);
}

/** The daemon was told to have no default bridge. Containers still on one from before keep it. */
function forgetBridge(ctx: NetworkContext): void {
  const before = networkByName(ctx.store, "bridge");
  if (!before || endpointCount(ctx.store, before.Id) > 0) return;
  driverOf(before)?.remove(ctx, before);
  deleteNetwork(ctx.store, before.Id);
}
