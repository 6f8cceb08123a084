import { connect as dial, type Socket } from "node:net";
import {
  controlPaths,
  SolveRequest,
  SolveResponse,
  StatusRequest,
  StatusResponse,
  type Vertex,
} from "../../src/api/buildkit/control.ts";
import { Packet, PacketType, type Stat } from "../../src/api/buildkit/fsutil.ts";
import { sessionPaths } from "../../src/api/buildkit/session.ts";
import { type Client, connect } from "../../src/lib/grpc/client.ts";
import { bidi, type Method } from "../../src/lib/grpc/method.ts";
import { type Served, serve } from "../../src/lib/grpc/server.ts";
import { decode, encode, type Input } from "../../src/lib/protobuf.ts";

/** A connection to an engine that has become one of HTTP/2. */
async function upgrade(socketPath: string, path: string, headers: Record<string, string> = {}): Promise<Socket> {
  const socket = dial(socketPath);
  const lines = ["Host: x", "Connection: Upgrade", "Upgrade: h2c", "Content-Length: 0"];
  for (const [name, value] of Object.entries(headers)) lines.push(`${name}: ${value}`);
  socket.write(`POST ${path} HTTP/1.1\r\n${lines.join("\r\n")}\r\n\r\n`);
  let got = Buffer.alloc(0);
  for (;;) {
    const chunk: Buffer = await new Promise((resolve, reject) => {
      socket
        .once("data", resolve)
        .once("error", reject)
        .once("end", () => reject(new Error("no upgrade")));
    });
    socket.pause();
    got = Buffer.concat([got, chunk]);
    const end = got.indexOf("\r\n\r\n");
    if (end < 0) {
      socket.resume();
      continue;
    }
    if (!got.toString("latin1").startsWith("HTTP/1.1 101 ")) throw new Error(got.toString());
    socket.removeAllListeners();
    if (got.length > end + 4) socket.unshift(got.subarray(end + 4));
    return socket;
  }
}

/** What a build told, and how it ended. */
export interface Outcome {
  /** Undefined: it succeeded. */
  error: { code: number; message: string } | undefined;
  response: ReadonlyMap<string, string>;
}

/**
 * A client of BuildKit's interface that does nothing by itself: connections, sessions and calls are the test's, and so
 * is whatever it does to them.
 */
export class RawClient implements AsyncDisposable {
  readonly #undo = new AsyncDisposableStack();

  private constructor(
    private readonly socketPath: string,
    readonly calls: Client,
    /** What the calls go over. */
    readonly socket: Socket,
  ) {}

  static async open(socketPath: string): Promise<RawClient> {
    const socket = await upgrade(socketPath, "/grpc");
    return new RawClient(socketPath, connect(socket), socket);
  }

  /** A name for a build or a session. */
  name(): string {
    return crypto.randomUUID();
  }

  /** Offers the engine these methods. */
  async session(id: string, methods: readonly Method[], sharedKey = ""): Promise<Served> {
    const socket = await upgrade(this.socketPath, "/session", {
      "X-Docker-Expose-Session-Uuid": id,
      "X-Docker-Expose-Session-Sharedkey": sharedKey,
      "X-Docker-Expose-Session-Grpc-Method": methods.map(({ path }) => path).join(","),
    });
    const served = serve(socket, methods);
    this.#undo.defer(async () => {
      served.close();
      await served.closed;
    });
    return served;
  }

  /** A build of this Dockerfile, which comes over the session. */
  request(ref: string, session: string, more: Input<typeof SolveRequest> = {}): Input<typeof SolveRequest> {
    return {
      ref,
      session,
      frontend: "dockerfile.v0",
      frontendAttrs: new Map([["filename", "Dockerfile"]]),
      exporters: [{ type: "moby", attrs: new Map() }],
      ...more,
    };
  }

  async solve(request: Input<typeof SolveRequest>, signal?: AbortSignal): Promise<Outcome> {
    try {
      const options = signal ? { signal } : {};
      const { exporterResponse } = await this.calls.unary(
        controlPaths.solve,
        SolveRequest,
        SolveResponse,
        request,
        options,
      );
      return { error: undefined, response: exporterResponse };
    } catch (error) {
      return { error: failureOf(error), response: new Map() };
    }
  }

  /** What a build tells, from the beginning; ends as the call does. */
  async *status(ref: string): AsyncGenerator<StatusResponse> {
    const call = this.calls.stream(controlPaths.status);
    await call.send(encode(StatusRequest, { ref }));
    call.end();
    for await (const message of call.messages) yield decode(StatusResponse, message);
  }

  /** The vertices that a build told of, each as it was last, and how the telling ended. */
  async vertices(ref: string): Promise<{ vertices: Vertex[]; error: Outcome["error"] }> {
    const vertices = new Map<string, Vertex>();
    try {
      for await (const { vertexes } of this.status(ref)) for (const each of vertexes) vertices.set(each.digest, each);
    } catch (error) {
      return { vertices: [...vertices.values()], error: failureOf(error) };
    }
    return { vertices: [...vertices.values()], error: undefined };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#undo.disposeAsync();
    this.calls.close();
    await this.calls.closed;
  }
}

/** The status of a call that failed. */
export function failureOf(error: unknown): { code: number; message: string } {
  if (!(error instanceof Error && "code" in error && typeof error.code === "number")) throw error;
  return { code: error.code, message: error.message };
}

/** What a file of a client's folder has: text, or bytes without an end. */
export type Content = string | (() => Iterable<Uint8Array>);

/**
 * A client's folder, with a Dockerfile; of the names that the engine wants it lists those that there are. `age`: by
 * which its files look other than before.
 */
export function folder(files: Readonly<Record<string, Content>>, age = 0): Method {
  return bidi(sessionPaths.fileSync, async (call) => {
    const followed = call.metadata.getAll("followpaths").flatMap((value) => value.split(","));
    const names = Object.keys(files)
      .filter((name) => followed.length === 0 || followed.some((each) => each === "" || new Bun.Glob(each).match(name)))
      .sort();
    const send = (packet: Input<typeof Packet>) => call.send(encode(Packet, packet));
    for (const name of names) {
      const content = files[name] ?? "";
      const stat: Input<typeof Stat> = {
        path: name,
        mode: 0o644,
        size: typeof content === "string" ? Buffer.byteLength(content) : 1,
        modTime: BigInt(1_700_000_000 + age) * 1_000_000_000n,
      };
      await send({ type: PacketType.stat, stat });
    }
    await send({ type: PacketType.stat });
    for await (const message of call.messages) {
      const { type, id } = decode(Packet, message);
      if (type === PacketType.finish) return send({ type: PacketType.finish });
      const content = files[names[id] ?? ""] ?? "";
      for (const data of typeof content === "string" ? [Buffer.from(content)] : content())
        if (data.length > 0) await send({ type: PacketType.data, id, data });
      await send({ type: PacketType.data, id });
    }
  });
}
