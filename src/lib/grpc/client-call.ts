import type { ClientHttp2Stream, IncomingHttpHeaders } from "node:http2";
import { type Held, MessageStream } from "./message-stream.ts";
import { Code, GrpcError, statusOf } from "./status.ts";

/** A call that was begun, with its messages in both directions. */
export class ClientCall {
  readonly #stream: ClientHttp2Stream;
  readonly #messages: MessageStream;
  /** Undefined until the call's end is known. */
  #end: { failure: GrpcError | undefined } | undefined;
  readonly #stop: () => void;

  constructor(
    stream: ClientHttp2Stream,
    held: Held,
    { signal, timeoutMs }: { signal?: AbortSignal; timeoutMs?: number },
  ) {
    this.#stream = stream;
    this.#messages = new MessageStream(stream, held);
    const aborted = () => this.cancel(new GrpcError(Code.cancelled, "context canceled"));
    const expired = () => this.cancel(new GrpcError(Code.deadlineExceeded, "context deadline exceeded"));
    const timer = timeoutMs === undefined ? undefined : setTimeout(expired, timeoutMs);
    signal?.addEventListener("abort", aborted);
    this.#stop = () => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", aborted);
    };
    stream.on("response", (headers) => this.#began(headers));
    stream.on("trailers", (headers) => this.#settle(statusIn(headers)));
    stream.on("end", () => {
      // Trailers come before the end; without them the stream's close says what happened.
      if (this.#end) this.#messages.end(this.#end.failure);
    });
    stream.on("error", () => {});
    stream.once("close", () => this.#closed());
    if (signal?.aborted) aborted();
  }

  /** What the server sends; the end of it is the call's end, which fails with a {@link GrpcError} as the call did. */
  get messages(): AsyncIterable<Uint8Array> {
    return this.#messages.read();
  }

  /** Sends messages, several in one write; is done when the server has room for more. */
  send(messages: Uint8Array | readonly Uint8Array[]): Promise<void> {
    return this.#messages.send(messages);
  }

  /** No further message will be sent. */
  end(): void {
    this.#stream.end();
  }

  /** Gives the call up; the server is told. */
  cancel(reason = new GrpcError(Code.cancelled, "context canceled")): void {
    this.#settle(reason);
    this.#messages.close(this.#end?.failure);
    this.#stream.close(http2Cancel);
  }

  #began(headers: IncomingHttpHeaders): void {
    const status = headers[":status"];
    if (headers["grpc-status"] !== undefined) this.#settle(statusIn(headers));
    else if (String(status) !== "200") this.#settle(httpFailure(Number(status)));
  }

  #settle(failure: GrpcError | undefined): void {
    this.#end ??= { failure };
    this.#stop();
  }

  #closed(): void {
    const code = this.#stream.rstCode ?? 0;
    this.#settle(code === http2Refused ? refused() : ended(code));
    this.#messages.close(this.#end?.failure);
  }
}

const http2Refused = 7;
const http2Cancel = 8;

const refused = () => new GrpcError(Code.unavailable, "the server refused the stream");

function ended(code: number): GrpcError {
  if (code === 0 || code === http2Cancel) return new GrpcError(Code.unavailable, "the connection has ended");
  return new GrpcError(Code.internal, `stream terminated by RST_STREAM with error code ${code}`);
}

function statusIn(headers: IncomingHttpHeaders): GrpcError | undefined {
  return statusOf((name) => {
    const value = headers[name];
    return Array.isArray(value) ? value[0] : value;
  });
}

function httpFailure(status: number): GrpcError {
  const codes: Record<number, number> = {
    400: Code.internal,
    401: Code.unauthenticated,
    403: Code.permissionDenied,
    404: Code.unimplemented,
    429: Code.unavailable,
    502: Code.unavailable,
    503: Code.unavailable,
    504: Code.unavailable,
  };
  return new GrpcError(codes[status] ?? Code.unknown, `unexpected HTTP status code ${status}`);
}
