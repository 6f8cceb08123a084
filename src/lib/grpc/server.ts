import http2, { type IncomingHttpHeaders, type ServerHttp2Session, type ServerHttp2Stream } from "node:http2";
import type { Duplex } from "node:stream";
import { handshakeTimeout, largestHeaders, streamWindow } from "./limits.ts";
import { Held } from "./message-stream.ts";
import type { Method } from "./method.ts";
import { ServerCall } from "./server-call.ts";
import { Code, GrpcError, statusHeaders } from "./status.ts";

/** How a connection is served. */
export interface ServeOptions {
  /** Calls at the same time; more are refused. */
  maxStreams?: number;
  /** Further headers of every answer to a call of this path. */
  headers?(path: string): Record<string, string>;
  /** Milliseconds for the client to begin. */
  handshakeTimeout?: number;
}

/** A connection that is served. */
export interface Served {
  /** Done when the connection has ended, whoever ended it. */
  closed: Promise<void>;
  /** Ends the connection with all its calls. */
  close(): void;
}

/**
 * `serve(socket, methods)` answers gRPC calls on a connection where both sides have agreed on HTTP/2 and the client is
 * about to send its preface.
 */
export function serve(socket: Duplex, methods: readonly Method[], options: ServeOptions = {}): Served {
  const { promise: closed, resolve } = Promise.withResolvers<void>();
  const byPath = new Map(methods.map((method) => [method.path, method]));
  const held = new Held();
  const server = http2.createServer({
    settings: {
      initialWindowSize: streamWindow,
      maxConcurrentStreams: options.maxStreams ?? 1000,
      maxHeaderListSize: largestHeaders,
      enablePush: false,
    },
  });
  const calls = new Set<ServerCall>();
  const close = () => {
    session?.destroy();
    socket.destroy();
  };
  const timer = setTimeout(close, options.handshakeTimeout ?? handshakeTimeout);
  let session: ServerHttp2Session | undefined;
  server.on("session", (begun) => {
    session = begun;
    begun.once("remoteSettings", () => clearTimeout(timer));
    // A client that goes away in the middle of things is an ordinary end; `close` follows.
    begun.on("error", () => begun.destroy());
  });
  server.on("stream", (stream: ServerHttp2Stream, headers: IncomingHttpHeaders, _flags: number, raw?: string[]) => {
    // Without a listener it would end the process; what it means for the call, its end says.
    stream.on("error", () => {});
    const path = headers[":path"] ?? "";
    const refusal = notGrpc(headers);
    if (refusal) {
      stream.respond(
        { ":status": 415, "content-type": "application/grpc", ...statusHeaders(refusal) },
        { endStream: true },
      );
      return;
    }
    const call = new ServerCall(stream, path, raw ?? [], held, options.headers?.(path) ?? {});
    calls.add(call);
    stream.once("close", () => calls.delete(call));
    const method = byPath.get(path);
    void call.run(method ? method.handle : () => Promise.reject(unknownMethod(path, byPath.keys())));
  });
  socket.on("error", () => socket.destroy());
  // HTTP/2 knows no half of a connection; the socket may.
  socket.once("end", close);
  socket.once("close", () => {
    clearTimeout(timer);
    for (const call of calls) call.abandon();
    session?.destroy();
    resolve();
  });
  if (socket.destroyed) resolve();
  else server.emit("connection", socket);
  return { closed, close };
}

function notGrpc(headers: IncomingHttpHeaders): GrpcError | undefined {
  if (headers[":method"] !== "POST") return new GrpcError(Code.internal, `unexpected method ${headers[":method"]}`);
  const type = headers["content-type"] ?? "";
  if (/^application\/grpc([+;]|$)/.test(type)) return undefined;
  return new GrpcError(Code.internal, `invalid gRPC request content-type ${JSON.stringify(type)}`);
}

function unknownMethod(path: string, known: Iterable<string>): GrpcError {
  const slash = path.lastIndexOf("/");
  const service = path.slice(1, slash);
  if (!path.startsWith("/") || slash < 1) {
    return new GrpcError(Code.unimplemented, `malformed method name: ${JSON.stringify(path)}`);
  }
  const has = [...known].some((each) => each.startsWith(`/${service}/`));
  if (!has) return new GrpcError(Code.unimplemented, `unknown service ${service}`);
  return new GrpcError(Code.unimplemented, `unknown method ${path.slice(slash + 1)} for service ${service}`);
}
