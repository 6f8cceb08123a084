import type { ContainerContext } from "./context.ts";
import type { ContainerRecord } from "./record.ts";

/** Publishes an event of a container, with its name, image and labels as Docker does. */
export function publish(ctx: ContainerContext, c: ContainerRecord, action: string, extra: Record<string, string> = {}): void {
  const { Labels, Image } = c.spec.config;
  ctx.events.publish("container", action, { ID: c.id, Attributes: { ...Labels, ...(Image && { image: Image }), name: c.name, ...extra } });
}
