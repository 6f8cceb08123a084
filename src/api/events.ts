import { unavailable } from "../lib/errors.ts";
import type { EngineEvent } from "./event.ts";
import type { TypeAndAction } from "./event-actions.ts";
import { includesEvent } from "./event-filter.ts";
import type { Filters } from "./filters.ts";

/** Which events a subscriber wants. null is the same as absent. */
export interface SubscribeOptions {
  /** Unix nanoseconds. Either bound brings what is kept of the past; without any, only what is to come. */
  since?: bigint | null;
  /** Unix nanoseconds; the subscription ends then, at once where that is past. */
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
  #last = 0n;

  /** `now`: nanoseconds since 1970. */
  constructor(private readonly now: () => bigint) {}

  get subscriberCount(): number {
    return this.#subscribers.size;
  }

  publish(
    ...[type, action, actor, scope = "local"]: [
      ...TypeAndAction,
      actor: { ID: string; Attributes: Record<string, string> },
      scope?: "local" | "swarm",
    ]
  ): void {
    const now = this.now();
    this.#last = now > this.#last ? now : this.#last + 1n;
    const event: EngineEvent = {
      Type: type,
      Action: action,
      Actor: { ID: actor.ID, Attributes: { ...actor.Attributes } },
      scope,
      time: Number(this.#last / 1_000_000_000n),
      timeNano: this.#last,
    };
    this.#backlog.push(event);
    if (this.#backlog.length > backlogLimit) this.#backlog.shift();
    for (const deliver of this.#subscribers) deliver(event);
  }

  /**
   * Subscribed from the call on, not from the first `next`. Throws `unavailable` from it when the reader lags too far
   * behind.
   */
  subscribe(options: SubscribeOptions = {}): AsyncIterable<EngineEvent> & Disposable {
    const { since, until, filters, signal } = options;
    const wanted = (event: EngineEvent) => !filters || includesEvent(filters, event);
    // A time before 1970 ends the subscription, but is no bound on what it brings, as in Docker.
    const before = (event: EngineEvent) => until == null || until <= 0n || event.timeNano <= until;
    const queue: EngineEvent[] = [];
    if (since != null || until != null) {
      queue.push(
        ...this.#backlog.filter(
          (event) => (since == null || event.timeNano >= since) && before(event) && wanted(event),
        ),
      );
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
    // Rounded up: what happens within the last millisecond belongs to it.
    const left = until == null ? Infinity : Math.ceil(Number(until - this.now()) / 1_000_000);
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
}

/** Timers hold 2^31 ms at most; a longer wait has no practical end. */
function endTimer(milliseconds: number, end: () => void): Timer | undefined {
  if (milliseconds >= 2 ** 31) return undefined;
  return setTimeout(end, milliseconds);
}
