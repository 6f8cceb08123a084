import { unavailable } from "../lib/errors.ts";
import { includesEvent } from "./event-filter.ts";
import type { Filters } from "./filters.ts";
import type { EventMessage } from "./types/system.ts";

export type EventType = NonNullable<EventMessage["Type"]>;

/** An event as it goes out, every field set. */
export interface EngineEvent extends EventMessage {
  Type: EventType;
  Action: string;
  Actor: { ID: string; Attributes: Record<string, string> };
  scope: "local" | "swarm";
  /** Unix seconds. */
  time: number;
  /** Unix nanoseconds; whole microseconds, which a JSON number still holds exactly. Grows with every event. */
  timeNano: number;
}

export interface SubscribeOptions {
  /** Unix nanoseconds. Either bound brings what is kept of the past; without any, only what is to come. */
  since?: bigint | null;
  /** Unix nanoseconds; the subscription ends then. */
  until?: bigint | null;
  filters?: Filters;
  /** Ends the subscription quietly. */
  signal?: AbortSignal;
}

const backlogLimit = 256;
/** Events that a subscriber may lag behind before it is let go. */
const queueLimit = 8192;

/** Tells whoever asks what happens in the engine. Publishing never waits for a subscriber. */
export class EventBus {
  #backlog: EngineEvent[] = [];
  readonly #subscribers = new Set<(event: EngineEvent) => void>();
  #lastMicros = 0;

  get subscriberCount(): number {
    return this.#subscribers.size;
  }

  publish(type: EventType, action: string, actor: { ID: string; Attributes: Record<string, string> }, scope: "local" | "swarm" = "local"): void {
    const micros = this.#now();
    const event: EngineEvent = {
      Type: type, Action: action, Actor: { ID: actor.ID, Attributes: { ...actor.Attributes } }, scope,
      time: Math.floor(micros / 1_000_000), timeNano: micros * 1000,
    };
    this.#backlog.push(event);
    if (this.#backlog.length > backlogLimit) this.#backlog.shift();
    for (const deliver of this.#subscribers) deliver(event);
  }

  /** Subscribed from the call on, not from the first `next`. Throws `unavailable` from it when the reader lags too far behind. */
  subscribe(options: SubscribeOptions = {}): AsyncIterable<EngineEvent> & Disposable {
    const { since, until, filters, signal } = options;
    const wanted = (event: EngineEvent) => !filters || includesEvent(filters, event);
    const before = (event: EngineEvent) => until === undefined || until === null || BigInt(event.timeNano) <= until;
    const queue: EngineEvent[] = [];
    if (since != null || until != null) {
      queue.push(...this.#backlog.filter((event) => (since == null || BigInt(event.timeNano) >= since) && before(event) && wanted(event)));
    }

    let ended = false;
    let overrun = false;
    let timer: Timer | undefined;
    let wake = () => {};
    const deliver = (event: EngineEvent) => {
      if (!wanted(event) || !before(event)) return;
      if (queue.length >= queueLimit) {
        overrun = true;
        end();
        return;
      }
      queue.push(event);
      wake();
    };
    const end = () => {
      ended = true;
      this.#subscribers.delete(deliver);
      clearTimeout(timer);
      signal?.removeEventListener("abort", end);
      wake();
    };
    const left = until == null ? Infinity : Number(until / 1_000_000n) - Date.now();
    if (left <= 0 || signal?.aborted) ended = true;
    else {
      this.#subscribers.add(deliver);
      signal?.addEventListener("abort", end);
      timer = endTimer(left, end);
    }

    const drain = async function* (): AsyncGenerator<EngineEvent> {
      try {
        for (;;) {
          for (let event = queue.shift(); event; event = queue.shift()) yield event;
          if (overrun) throw unavailable("the reader of events is too slow: events were lost");
          if (ended) return;
          await new Promise<void>((resolve) => (wake = resolve));
          wake = () => {};
        }
      } finally {
        end();
      }
    };
    return { [Symbol.asyncIterator]: drain, [Symbol.dispose]: end };
  }

  #now(): number {
    const micros = Math.round((performance.timeOrigin + performance.now()) * 1000);
    // The wall clock of `performance` does not follow adjustments; Date does.
    const wall = Date.now() * 1000;
    const now = Math.abs(micros - wall) > 2000 ? wall : micros;
    this.#lastMicros = Math.max(now, this.#lastMicros + 1);
    return this.#lastMicros;
  }
}

/** Timers hold 2^31 ms at most; a longer wait has no practical end. */
function endTimer(milliseconds: number, end: () => void): Timer | undefined {
  if (milliseconds >= 2 ** 31) return undefined;
  return setTimeout(end, milliseconds);
}
