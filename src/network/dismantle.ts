import type { NetworkContext } from "./context.ts";
import { driverOf } from "./driver/driver.ts";
import { dropFirewall } from "./firewall/changes.ts";
import { forgetBridge } from "./firewall/foreign.ts";
import { sweepLingering } from "./lingering.ts";
import { allNetworks, allSandboxes } from "./table.ts";
import { releaseSandbox } from "./tear-down.ts";

/**
 * Takes everything of this engine's networks out of the kernel, sandboxes included. The networks stay in the database
 * and come back with `startNetworks`. For engines that leave the machine, and for tests.
 */
export async function dismantleNetworks(ctx: NetworkContext): Promise<void> {
  for (const { containerId } of allSandboxes(ctx.store)) await releaseSandbox(ctx, containerId);
  for (const network of allNetworks(ctx.store)) {
    const driver = driverOf(network);
    driver?.remove(ctx, network);
    const bridge = driver?.firewall(network)?.bridge;
    if (bridge) await forgetBridge(ctx, bridge);
  }
  await dropFirewall(ctx);
  sweepLingering(ctx);
  ctx.live[Symbol.dispose]();
}
