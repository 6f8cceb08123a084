import type { Http2Stream } from "node:http2";
import { joinMessages, MessageSplitter } from "./frames.ts";
import { Code, GrpcError } from "./status.ts";

/** Messages that wait for their reader, in bytes, before the stream is told to wait as well. */
const enoughQueued = 128 * 1024;

/** What all streams of a connection together hold back for messages that are not whole yet. */
export class Held {
  #bytes = 0;

  constructor(readonly most = 64 << 20) {}

  /** Counts a change; too much is the fault of the stream that asked last. */
  add(bytes: number): void {
    this.#bytes += bytes;
    if (bytes > 0 && this.#bytes > this.most) {
      throw new GrpcError(Code.resourceExhausted, "too many large messages at once on this connection");
    }
  }
}

/**
 * The messages of one HTTP/2 stream in both directions. Reading stops when nobody takes them, so that the other side's
 * window closes; sending waits until the other side's window is open.
 */
export class MessageStream {
  readonly #stream: Http2Stream;
  readonly #splitter = new MessageSplitter();
  readonly #held: Held;
  #counted = 0;
  #queue: Uint8Array[] = [];
  #queued = 0;
  /** Nothing more is read. */
  #ended = false;
  /** Nothing more is sent. */
  #closed = false;
  #failure: Error | undefined;
  #wakeReader: (() => void) | undefined;
  #writers: (() => void)[] = [];

  constructor(stream: Http2Stream, held: Held) {
    this.#stream = stream;
    this.#held = held;
    stream.on("data", (chunk: Buffer) => this.#take(chunk));
    stream.on("drain", () => this.#wakeWriters());
  }

  /** The messages in their order; ends or fails as `end` was told. May be taken by one reader. */
  async *read(): AsyncGenerator<Uint8Array, void, undefined> {
    for (;;) {
      while (this.#queue.length > 0) {
        const batch = this.#queue;
        this.#queue = [];
        this.#queued = 0;
        for (const each of batch) yield each;
      }
      if (this.#failure) throw this.#failure;
      if (this.#ended) return;
      if (this.#stream.isPaused()) this.#stream.resume();
      await new Promise<void>((resolve) => {
        this.#wakeReader = resolve;
      });
    }
  }

  /** Sends messages in one write; is done when there is room for more. */
  async send(messages: Uint8Array | readonly Uint8Array[]): Promise<void> {
    if (this.#closed || !this.#stream.writable) throw this.#noLonger();
    const bytes = joinMessages(messages instanceof Uint8Array ? [messages] : messages);
    if (bytes.length === 0 || this.#stream.write(bytes)) return;
    await new Promise<void>((resolve) => {
      this.#writers.push(resolve);
    });
    if (this.#closed) throw this.#noLonger();
  }

  /** No further message comes: `failure` says why, where that is not as it should be. */
  end(failure?: Error): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#failure ??= failure ?? this.#truncated();
    this.#count(0);
    this.#wake();
  }

  /** Nothing goes in either direction any more. */
  close(failure?: Error): void {
    this.#closed = true;
    this.end(failure);
    this.#wakeWriters();
  }

  #truncated(): Error | undefined {
    return this.#splitter.held > 0 ? new GrpcError(Code.internal, "unexpected end of a message") : undefined;
  }

  #noLonger(): Error {
    return this.#failure ?? new GrpcError(Code.cancelled, "the stream has ended");
  }

  #take(chunk: Buffer): void {
    if (this.#ended) return;
    try {
      for (const each of this.#splitter.push(chunk)) {
        this.#queue.push(each);
        this.#queued += each.length + 64;
      }
      this.#count(this.#splitter.held);
    } catch (error) {
      this.end(error instanceof Error ? error : new Error(String(error)));
    }
    if (this.#queued > enoughQueued) this.#stream.pause();
    if (this.#queue.length > 0) this.#wake();
  }

  #count(held: number): void {
    const change = held - this.#counted;
    this.#counted = held;
    this.#held.add(change);
  }

  #wake(): void {
    this.#wakeReader?.();
    this.#wakeReader = undefined;
  }

  #wakeWriters(): void {
    for (const each of this.#writers.splice(0)) each();
  }
}
