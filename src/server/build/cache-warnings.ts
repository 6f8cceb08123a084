import type { BuildEvent } from "../../api/build-events.ts";
import type { NearEvent } from "../../builder/events.ts";

/** A build's events as they go over `POST /build`: a cache that cannot be had is a warning. */
export async function* cacheWarnings(events: AsyncIterable<NearEvent>): AsyncGenerator<BuildEvent> {
  for await (const event of events) {
    if (event.kind !== "cache") yield event;
    else if (event.error !== undefined) {
      const message = `cannot take the cache of ${event.source}: ${event.error}`;
      yield { kind: "warning", rule: "CacheFrom", message, line: 0 };
    }
  }
}
