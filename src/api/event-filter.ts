import type { EngineEvent } from "./event.ts";
import type { Filters } from "./filters.ts";

/** Keys that name a thing: its type, its id or name (or a beginning of one). */
const things = ["daemon", "container", "plugin", "volume", "network", "node", "service", "secret", "config"];
/** Actions that carry a detail after a colon; the bare word stands for all of them. */
const prefixed = new Set(["health_status", "exec_create", "exec_start"]);

/** Whether the filters of `GET /events` let an event through: any value of a key, all keys, all labels. */
export function includesEvent(filters: Filters, event: EngineEvent): boolean {
  if (filters.size === 0) return true;
  return (
    matchAction(filters, event.Action) &&
    filters.matchExact("type", event.Type) &&
    filters.matchExact("scope", event.scope) &&
    things.every(
      (key) =>
        filters.matchPrefix(key, event.Actor.ID) || filters.matchPrefix(key, event.Actor.Attributes["name"] ?? ""),
    ) &&
    matchImage(filters, event) &&
    filters.matchLabels(event.Actor.Attributes)
  );
}

function matchAction(filters: Filters, action: string): boolean {
  return filters.get("event").some((value) => prefixed.has(value))
    ? filters.matchPrefix("event", action)
    : filters.matchExact("event", action);
}

/** By id or name, with or without its tag; for events of containers the image they were made from. */
function matchImage(filters: Filters, event: EngineEvent): boolean {
  if (!filters.has("image")) return true;
  const name = event.Actor.Attributes[event.Type === "image" ? "name" : "image"] ?? "";
  return [event.Actor.ID, name, withoutTag(event.Actor.ID), withoutTag(name)].some((candidate) =>
    filters.matchExact("image", candidate),
  );
}

function withoutTag(image: string): string {
  if (/^sha256:/.test(image)) return image;
  return image.replace(/@.*$/, "").replace(/:[^:/]*$/, "");
}
