import type { NetworkContext } from "../context.ts";
import { driverOf } from "../driver/driver.ts";
import { forgetFlows } from "../forget-flows.ts";
import { attachedOf, firewallPorts } from "../publish.ts";
import { allNetworks, allSandboxes, publishedPorts } from "../table.ts";
import type { NetworkRecord } from "../record.ts";
import { elementMessages, type FirewallPort } from "./elements.ts";
import { addNetworks, bareTableName, deleteNetworks, dropTable, wholeTable } from "./ruleset.ts";

/** Writes the table anew from the database. */
export function rewriteFirewall(ctx: NetworkContext): Promise<void> {
  return ctx.live.firewall.submit({
    script: () => wholeTable(ctx.instance, {
      networks: allNetworks(ctx.store).flatMap((network) => driverOf(network)?.firewall(network) ?? []),
      ports: allSandboxes(ctx.store).flatMap((sandbox) => firewallPorts(sandbox, attachedOf(ctx, sandbox.containerId), publishedPorts(ctx.store, sandbox.containerId))),
      relay: ctx.live.relay ?? { tcp: 0, udp: 0 },
    }),
  });
}

/** Takes ports away and adds others in one step. Where the table is not as we left it, it is written anew. */
export async function changePorts(ctx: NetworkContext, gone: readonly FirewallPort[], come: readonly FirewallPort[]): Promise<void> {
  if (gone.length === 0 && come.length === 0) return;
  try {
    await ctx.live.firewall.submit({ messages: () => elementMessages(bareTableName(ctx.instance), gone, come) });
  } catch {
    await rewriteFirewall(ctx);
  }
  forgetFlows(ctx, [...gone, ...come]);
}

/** A network that has just come, or has just gone. Networks the firewall need not know: does nothing. */
export async function changeNetwork(ctx: NetworkContext, change: "add" | "delete", network: NetworkRecord): Promise<void> {
  const rules = driverOf(network)?.firewall(network);
  if (!rules) return;
  try {
    await ctx.live.firewall.submit({ script: () => (change === "add" ? addNetworks : deleteNetworks)(ctx.instance, [rules]) });
  } catch {
    await rewriteFirewall(ctx);
  }
}

export function dropFirewall(ctx: NetworkContext): Promise<void> {
  return ctx.live.firewall.submit({ script: () => dropTable(ctx.instance) });
}
