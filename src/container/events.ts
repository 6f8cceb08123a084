import type { ActionOf } from "../api/event-actions.ts";
import type { ContainerDeps } from "./deps.ts";
import type { ContainerRecord, RunState } from "./record.ts";

/** Tells with an event that the health check ordered what happens. */
export function reason(ordered: RunState["ordered"]): Record<string, string> {
  return ordered ? { healthOnFailure: ordered } : {};
}

/** Publishes an event of a container, with its name, image and labels as Docker does. */
export function publish(
  deps: ContainerDeps,
  c: ContainerRecord,
  action: ActionOf<"container">,
  extra: Record<string, string> = {},
): void {
  const { Labels, Image } = c.spec.config;
  deps.events.publish("container", action, {
    ID: c.id,
    Attributes: { ...Labels, ...(Image && { image: Image }), name: c.name, ...extra },
  });
}
