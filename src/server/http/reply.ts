/** What a handler answers: data, or the connection itself taken over. */
export interface Reply {
  status: number;
  headers?: Record<string, string>;
  /** Sent as JSON, in the shape of the client's API version. */
  value?: unknown;
  /** An iterable is sent in chunks, each as it comes; the head is sent at once. */
  body?: string | Uint8Array | AsyncIterable<Uint8Array | string>;
  /** The connection carries no further request. */
  close?: boolean;
  /** With it the head is sent without any framing and the connection is the handler's until this resolves. */
  takeOver?: (stream: RawStream) => Promise<void>;
}

/** A connection after HTTP. */
export interface RawStream {
  /** What the client sends; ends when it has ended its half. */
  input: AsyncIterable<Uint8Array>;
  /** Resolves when the next may come. Throws ConnectionClosed. */
  write(data: Uint8Array): Promise<void>;
  /** No more output; input goes on. */
  endWrite(): void;
  /** Aborted when the client is gone altogether. */
  gone: AbortSignal;
}

/** A reply whose body is `value` as JSON. */
export function json(status: number, value: unknown): Reply {
  return { status, value };
}

/** A reply without a body. */
export function empty(status: 200 | 201 | 204): Reply {
  return { status };
}

/** The value becomes bytes, ended by a newline as Docker does. */
export function encode(reply: Reply): Reply {
  if (reply.value === undefined) return reply;
  const { value, ...rest } = reply;
  return {
    ...rest,
    headers: { "Content-Type": "application/json", ...reply.headers },
    body: `${JSON.stringify(value)}\n`,
  };
}

/** A reply whose body is sent in chunks, each as it comes. */
export function stream(
  contentType: string,
  body: AsyncIterable<Uint8Array | string>,
  headers: Record<string, string> = {},
): Reply {
  return { status: 200, headers: { "Content-Type": contentType, ...headers }, body };
}
