import type { BuildEvent } from "../api/build-events.ts";
import { EventLog, type EventReader } from "../lib/event-log.ts";

/** What a build tells those who are near: besides what it tells over the API, what becomes of caches from elsewhere. */
export type NearEvent =
  | BuildEvent
  /** One was looked into; `error`: it cannot be had, and the build goes on without. */
  | { kind: "cache"; source: string; error?: string };

/** One who reads a build's events, each once, from the first on. Iterate over it once. */
export type BuildReader = EventReader<NearEvent>;

/** A build's events, from many writers to any number of readers; the build goes on for those that own it. */
export class BuildEvents {
  readonly #log: EventLog<NearEvent>;

  /** `left`: told when the last owner leaves before the end. */
  constructor(left: () => void, keptBytes?: number) {
    this.#log = new EventLog(left, keptBytes);
  }

  emit(event: Exclude<NearEvent, { kind: "output" }>): void {
    this.#log.emit(event);
  }

  /** Output of a step; resolves when the foremost owner has caught up enough for more. */
  output(id: string, stream: 1 | 2, data: Uint8Array): Promise<void> {
    return this.#log.output({ kind: "output", id, stream, data: compact(data) }, data.length);
  }

  /** Nothing more will come. */
  end(): void {
    this.#log.end();
  }

  /** `owns`: the build goes on for this reader. */
  read(as: { owns: boolean }): BuildReader {
    return this.#log.read(as);
  }
}

/** Bytes that keep no more of memory than themselves. */
function compact(data: Uint8Array): Uint8Array {
  return data.buffer.byteLength > 2 * data.length ? data.slice() : data;
}
