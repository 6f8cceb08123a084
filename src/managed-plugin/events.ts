import type { ManagedPluginDeps } from "./deps.ts";

/** Tells of a plugin. `id`: of a pull it is the reference in the registry; `name`: as whoever asked for it said it. */
export function publishPluginEvent(
  { events }: ManagedPluginDeps,
  action: "create" | "enable" | "disable" | "pull" | "remove",
  id: string,
  name: string,
): void {
  events.publish("plugin", action, { ID: id, Attributes: { name } });
}
