import type { BuildEvent } from "../api/build-events.ts";

/** Hands events from many writers to one reader in order. Bounded: writers of output wait while the reader lags behind. */
export class BuildEvents implements AsyncIterable<BuildEvent> {
  readonly #queue: BuildEvent[] = [];
  #bytes = 0;
  #ended = false;
  #wake: (() => void) | undefined;
  #drained: (() => void)[] = [];

  emit(event: BuildEvent): void {
    this.#queue.push(event);
    if (event.kind === "output") this.#bytes += event.data.length;
    this.#wake?.();
  }

  /** As {@link emit}; resolves when the reader has caught up enough for more. */
  async output(id: string, stream: 1 | 2, data: Uint8Array): Promise<void> {
    this.emit({ kind: "output", id, stream, data });
    if (this.#bytes > 1 << 20 && !this.#ended) await new Promise<void>((resolve) => this.#drained.push(resolve));
  }

  end(): void {
    this.#ended = true;
    this.#wake?.();
    for (const go of this.#drained.splice(0)) go();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<BuildEvent> {
    try {
      for (;;) {
        const event = this.#queue.shift();
        if (event) {
          if (event.kind === "output") this.#bytes -= event.data.length;
          if (this.#bytes < 1 << 19) for (const go of this.#drained.splice(0)) go();
          yield event;
        } else if (this.#ended) return;
        else await new Promise<void>((resolve) => { this.#wake = resolve; });
      }
    } finally {
      this.end();
    }
  }
}
