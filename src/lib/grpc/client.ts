import http2, { type OutgoingHttpHeaders } from "node:http2";
import type { Duplex } from "node:stream";
import { encode, type Message } from "../protobuf.ts";
import { ClientCall } from "./client-call.ts";
import { handshakeTimeout, largestHeaders, longestSent, longestValue, streamWindow } from "./limits.ts";
import { Held } from "./message-stream.ts";
import { only } from "./method.ts";
import { Code, GrpcError } from "./status.ts";
import { formatTimeout } from "./timeout.ts";

/** What goes with a call. */
export interface CallOptions {
  /** A list of values is sent as several headers. */
  metadata?: Record<string, string | readonly string[]>;
  /** Cancels the call. */
  signal?: AbortSignal;
  /** The call fails after this time, and the server is told of it. */
  timeoutMs?: number;
}

/** A connection on which calls can be made. */
export interface Client {
  /** One message there, one back. */
  unary<ReqOut, ReqIn, ResOut, ResIn>(
    path: string,
    request: Message<ReqOut, ReqIn>,
    response: Message<ResOut, ResIn>,
    value: ReqIn,
    options?: CallOptions,
  ): Promise<ResOut>;
  /** Messages in both directions, as bytes. */
  stream(path: string, options?: CallOptions): ClientCall;
  /** Done when the connection has ended, whoever ended it. */
  closed: Promise<void>;
  /** Ends the connection with all its calls. */
  close(): void;
}

/**
 * `connect(socket)` is a client of gRPC on a connection where both sides have agreed on HTTP/2 and this one is to send
 * the preface.
 */
export function connect(socket: Duplex, options: { handshakeTimeout?: number } = {}): Client {
  const { promise: closed, resolve } = Promise.withResolvers<void>();
  const held = new Held();
  const session = http2.connect("http://localhost", {
    maxSendHeaderBlockLength: longestSent,
    createConnection: () => socket,
    settings: { initialWindowSize: streamWindow, maxHeaderListSize: largestHeaders, enablePush: false },
  });
  const close = () => {
    session.destroy();
    socket.destroy();
  };
  const timer = setTimeout(close, options.handshakeTimeout ?? handshakeTimeout);
  session.once("remoteSettings", () => clearTimeout(timer));
  // A server that goes away in the middle of things is an ordinary end; `close` follows.
  session.on("error", close);
  session.once("close", () => socket.destroy());
  socket.on("error", close);
  // HTTP/2 knows no half of a connection; the socket may.
  socket.once("end", close);
  socket.once("close", () => {
    clearTimeout(timer);
    session.destroy();
    resolve();
  });
  if (socket.destroyed) resolve();
  const stream = (path: string, call: CallOptions = {}) => {
    if (session.closed || session.destroyed || socket.destroyed) throw ended();
    return new ClientCall(session.request(headersOf(path, call)), held, call);
  };
  return {
    stream,
    closed,
    close,
    async unary(path, request, response, value, call) {
      const begun = stream(path, call);
      const sent = begun.send(encode(request, value)).then(() => begun.end());
      const [answer] = await Promise.all([only(response, begun.messages), sent]);
      return answer;
    },
  };
}

const ended = () => new GrpcError(Code.unavailable, "the connection has ended");

function headersOf(path: string, { metadata = {}, timeoutMs }: CallOptions): OutgoingHttpHeaders {
  const headers: OutgoingHttpHeaders = {
    ":method": "POST",
    ":path": path,
    "content-type": "application/grpc",
    te: "trailers",
    ...(timeoutMs !== undefined && { "grpc-timeout": formatTimeout(timeoutMs) }),
  };
  let length = 0;
  for (const [name, values] of Object.entries(metadata)) {
    const all = typeof values === "string" ? [values] : [...values];
    headers[name] = all;
    for (const value of all) {
      if (value.length > longestValue)
        throw new GrpcError(Code.resourceExhausted, `metadata of ${value.length} bytes in one value is too long`);
      length += name.length + value.length + 32;
    }
  }
  if (length > longestSent)
    throw new GrpcError(Code.resourceExhausted, `metadata of ${length} bytes is longer than ${longestSent} bytes`);
  return headers;
}
