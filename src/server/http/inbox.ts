import { setImmediate } from "node:timers/promises";

/** What came in on a connection and is not read yet. Asks for a pause when it holds too much. */
export class Inbox {
  readonly #chunks: Uint8Array[] = [];
  #size = 0;
  #paused = false;
  #ended = false;
  #failure: Error | null = null;
  #wake: (() => void) | null = null;

  constructor(
    private readonly flow: { pause(): void; resume(): void },
    private readonly limit = 256 * 1024,
  ) {}

  /** The peer sends no more. What came before may still be here. */
  get ended(): boolean {
    return this.#ended;
  }

  push(chunk: Uint8Array): void {
    if (chunk.length === 0) return;
    this.#chunks.push(chunk);
    this.#size += chunk.length;
    if (this.#size > this.limit && !this.#paused) {
      this.#paused = true;
      this.flow.pause();
    }
    this.#notify();
  }

  end(failure: Error | null = null): void {
    this.#ended = true;
    this.#failure ??= failure;
    this.#notify();
  }

  /** The next bytes; null at the end. One reader at a time. Throws where the connection broke. */
  async read(): Promise<Uint8Array | null> {
    for (;;) {
      const chunk = this.#chunks.shift();
      if (chunk) {
        this.#size -= chunk.length;
        if (this.#paused && this.#size < this.limit / 2) {
          this.#paused = false;
          this.flow.resume();
        }
        return chunk;
      }
      if (this.#failure) throw this.#failure;
      if (this.#ended) return null;
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  /** Puts back what was read too far. */
  unread(chunk: Uint8Array): void {
    if (chunk.length === 0) return;
    this.#chunks.unshift(chunk);
    this.#size += chunk.length;
  }

  /** All that is here, for somebody who reads on in place of this; null where the peer has ended. */
  async lend(): Promise<Uint8Array | null> {
    this.#paused = true;
    this.flow.pause();
    // What is being delivered just now still comes.
    await setImmediate();
    if (this.#ended || this.#failure) return null;
    this.#size = 0;
    return Buffer.concat(this.#chunks.splice(0));
  }

  /** Reads again, after what the other has read too far. */
  giveBack(rest: Uint8Array): void {
    this.unread(rest);
    this.#paused = false;
    this.flow.resume();
  }

  #notify(): void {
    const wake = this.#wake;
    this.#wake = null;
    wake?.();
  }
}
