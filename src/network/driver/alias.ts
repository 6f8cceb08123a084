import type { NetworkContext } from "../context.ts";
import type { NetworkRecord } from "../record.ts";

/** Mark of the network's links on the host, for reconciliation and for whoever lists the links. */
export function alias(ctx: NetworkContext, network: NetworkRecord): string {
  return `berth-${ctx.instance}/${network.Id}`;
}
