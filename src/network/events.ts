import type { NetworkDeps } from "./deps.ts";
import type { NetworkRecord } from "./record.ts";

/** Publishes an event of type `network` as Docker does: `name` and `type` (the driver) are added to the attributes. */
export function publishNetworkEvent(
  deps: NetworkDeps,
  action: "create" | "connect" | "disconnect" | "destroy",
  network: NetworkRecord,
  attributes: Record<string, string> = {},
): void {
  deps.events.publish("network", action, {
    ID: network.Id,
    Attributes: { ...attributes, name: network.Name, type: network.Driver },
  });
}
