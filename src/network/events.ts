import type { NetworkContext } from "./context.ts";
import type { NetworkRecord } from "./record.ts";

export function publishNetworkEvent(
  ctx: NetworkContext, action: "create" | "connect" | "disconnect" | "destroy", network: NetworkRecord, attributes: Record<string, string> = {},
): void {
  ctx.events.publish("network", action, { ID: network.Id, Attributes: { ...attributes, name: network.Name, type: network.Driver } });
}
