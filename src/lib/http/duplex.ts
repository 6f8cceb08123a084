/** A raw two-way byte stream with half-close. */
export interface Duplex {
  /** The next bytes; null when the other side has ended its half. Throws when the connection breaks. */
  read(): Promise<Uint8Array | null>;
  /** Resolves when the bytes are handed to the kernel or a bounded buffer. Throws when the connection is broken. */
  write(data: string | Uint8Array): Promise<void>;
  /** Ends our half; the other side may go on sending. */
  end(): void;
  close(): void;
}

/** What arrives from a callback, to be read by promise; asks the source to pause when too much lies unread. */
export class ByteQueue {
  #chunks: Uint8Array[] = [];
  #size = 0;
  #paused = false;
  #ended = false;
  #error: Error | undefined;
  #wake: (() => void) | undefined;

  constructor(
    readonly flow: { pause(): void; resume(): void },
    readonly limit = 1 << 20,
  ) {}

  push(chunk: Uint8Array): void {
    this.#chunks.push(chunk);
    this.#size += chunk.length;
    if (this.#size > this.limit && !this.#paused) {
      this.#paused = true;
      this.flow.pause();
    }
    this.#wake?.();
  }

  end(error?: Error): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#error = error;
    this.#wake?.();
  }

  async read(): Promise<Uint8Array | null> {
    while (this.#chunks.length === 0) {
      if (this.#error) throw this.#error;
      if (this.#ended) return null;
      await new Promise<void>((resolve) => (this.#wake = resolve));
      this.#wake = undefined;
    }
    const chunk = this.#chunks.shift() ?? null;
    this.#size -= chunk?.length ?? 0;
    if (this.#paused && this.#size < this.limit / 2) {
      this.#paused = false;
      this.flow.resume();
    }
    return chunk;
  }
}
