import type { EventMessage } from "./types/system.ts";

/** What an event is about: `container`, `image`, `network`, and so on. */
export type EventType = NonNullable<EventMessage["Type"]>;

/** An event as it goes out, every field set. */
export interface EngineEvent extends Omit<EventMessage, "timeNano"> {
  Type: EventType;
  Action: string;
  Actor: { ID: string; Attributes: Record<string, string> };
  scope: "local" | "swarm";
  /** Unix seconds. */
  time: number;
  /** Unix nanoseconds. Grows with every event. */
  timeNano: bigint;
}
