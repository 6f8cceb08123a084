import type { ServerHttp2Stream } from "node:http2";
import { type Held, MessageStream } from "./message-stream.ts";
import { Metadata } from "./metadata.ts";
import { asGrpcError, Code, GrpcError, statusHeaders } from "./status.ts";
import { parseTimeout } from "./timeout.ts";

/** A call as its method sees it. */
export class ServerCall {
  readonly metadata: Metadata;
  readonly #stream: ServerHttp2Stream;
  readonly #messages: MessageStream;
  readonly #extra: Record<string, string>;
  readonly #abort = new AbortController();
  #timer: Timer | undefined;

  constructor(
    stream: ServerHttp2Stream,
    readonly path: string,
    rawHeaders: readonly string[],
    held: Held,
    extra: Record<string, string>,
  ) {
    this.metadata = new Metadata(rawHeaders);
    this.#stream = stream;
    this.#extra = extra;
    this.#messages = new MessageStream(stream, held);
    // Bun 1.4 tells of a reset as an end first, and of what it was in the same turn.
    stream.once("end", () => setImmediate(() => this.#messages.end()));
    stream.once("close", () => this.abandon());
    const timeout = parseTimeout(this.metadata.get("grpc-timeout"));
    if (timeout !== undefined) this.#timer = setTimeout(() => this.#expire(), timeout);
  }

  /** What the client sends, as it comes; for one reader. */
  get messages(): AsyncIterable<Uint8Array> {
    return this.#messages.read();
  }

  /** Aborted, with a {@link GrpcError} as the reason, when nobody waits for the answer any more. */
  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  /** Sends messages, several in one write; is done when the client has room for more. */
  async send(messages: Uint8Array | readonly Uint8Array[]): Promise<void> {
    this.#begin();
    await this.#messages.send(messages);
  }

  /** Runs the method and ends the call with what comes of it. */
  async run(method: (call: ServerCall) => Promise<void>): Promise<void> {
    try {
      await method(this);
      this.#finish();
    } catch (error) {
      this.#finish(asGrpcError(error));
    } finally {
      clearTimeout(this.#timer);
    }
  }

  /** The client has gone, or does not wait any more. */
  abandon(): void {
    const reason = new GrpcError(Code.cancelled, "context canceled");
    this.#messages.close(reason);
    this.#abort.abort(reason);
    clearTimeout(this.#timer);
  }

  #expire(): void {
    const reason = new GrpcError(Code.deadlineExceeded, "context deadline exceeded");
    this.#messages.end(reason);
    this.#abort.abort(reason);
  }

  #begin(): void {
    const stream = this.#stream;
    if (stream.headersSent || stream.destroyed || stream.closed) return;
    stream.respond(this.#head(), { waitForTrailers: true });
  }

  #finish(error?: GrpcError): void {
    const stream = this.#stream;
    if (stream.destroyed || stream.closed) return;
    const status = statusHeaders(error);
    if (!stream.headersSent && error) stream.respond({ ...this.#head(), ...status }, { endStream: true });
    else {
      this.#begin();
      stream.once("wantTrailers", () => stream.sendTrailers(status));
      stream.end();
    }
    // What the client still sends, nobody reads: a stream that it holds open is ended without blame.
    stream.once("finish", () => stream.close(0));
  }

  #head(): Record<string, string | number> {
    return { ":status": 200, "content-type": "application/grpc", ...this.#extra };
  }
}
