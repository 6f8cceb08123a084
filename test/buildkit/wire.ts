import net from "node:net";
import { Duplex } from "node:stream";
import {
  controlPaths,
  SolveRequest,
  SolveResponse,
  StatusRequest,
  StatusResponse,
  type Vertex,
} from "../../src/api/buildkit/control.ts";
import { Packet, PacketType } from "../../src/api/buildkit/fsutil.ts";
import {
  GatewaySolveRequest,
  GatewaySolveResponse,
  gatewayPaths,
  ReadDirRequest,
  ReadDirResponse,
  ReadFileRequest,
  ReadFileResponse,
  ReturnRequest,
  ReturnResponse,
  StatFileRequest,
  StatFileResponse,
} from "../../src/api/buildkit/gateway.ts";
import type { Definition } from "../../src/api/buildkit/llb.ts";
import {
  BytesMessage,
  CheckAgentRequest,
  CheckAgentResponse,
  GetSecretRequest,
  GetSecretResponse,
  sessionPaths,
} from "../../src/api/buildkit/session.ts";
import { type Client, connect } from "../../src/lib/grpc/client.ts";
import { bidi, type Method, unary } from "../../src/lib/grpc/method.ts";
import { serve } from "../../src/lib/grpc/server.ts";
import { Code, GrpcError } from "../../src/lib/grpc/status.ts";
import { decode, encode, type Input } from "../../src/lib/protobuf.ts";

/** What a client has that a build may ask for. */
export interface Offered {
  /** Files of one folder, whatever it is called. */
  files?: Record<string, string>;
  secrets?: Record<string, string>;
  /** Sockets of agents, by their ids. */
  agents?: Record<string, string>;
  /** What it streams, by the paths of URLs. */
  uploads?: Record<string, string>;
}

/** A build by a program that speaks BuildKit's interface itself. */
export interface WireBuild {
  client: Client;
  ref: string;
  session: string;
  /** Solves a definition; returns the id of the result. */
  solve(
    definition: Input<typeof Definition>,
    evaluate?: boolean,
    cacheImports?: Input<typeof GatewaySolveRequest>["cacheImports"],
  ): Promise<string>;
  /** Has a frontend solve what its options say; returns the id of the result. */
  solveBy(frontend: string, options?: Record<string, string>): Promise<string>;
  read(ref: string, path: string): Promise<string>;
  stat(ref: string, path: string): Promise<{ mode: number; uid: number; gid: number }>;
  list(ref: string, path: string): Promise<string[]>;
}

/** The connection after `POST path` was answered by an upgrade. */
async function upgraded(
  socketPath: string,
  path: string,
  headers: readonly (readonly [string, string])[],
): Promise<Duplex> {
  const socket = net.connect(socketPath);
  const lines = [["Host", "x"], ["Connection", "Upgrade"], ["Upgrade", "h2c"], ["Content-Length", "0"], ...headers];
  socket.write(`POST ${path} HTTP/1.1\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join("")}\r\n`);
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const connection = new Duplex({
    allowHalfOpen: true,
    read: () => void socket.resume(),
    write: (chunk, _encoding, done) => void socket.write(Buffer.from(chunk), () => done()),
    final: (done) => void socket.end(done),
    destroy(error, done) {
      socket.destroy();
      done(error);
    },
  });
  let head: Buffer | undefined = Buffer.alloc(0);
  socket.on("data", (chunk: Buffer) => {
    let rest: Uint8Array = chunk;
    if (head) {
      head = Buffer.concat([head, chunk]);
      const end = head.indexOf("\r\n\r\n");
      if (end < 0) return;
      if (head.toString("latin1").startsWith("HTTP/1.1 101")) resolve();
      else reject(new Error(head.toString()));
      rest = head.subarray(end + 4);
      head = undefined;
    }
    if (rest.length > 0 && !connection.push(rest)) socket.pause();
  });
  socket.once("error", reject);
  socket.once("end", () => connection.push(null));
  socket.once("close", () => connection.destroy());
  await promise;
  return connection;
}

function sessionMethods({ files = {}, secrets = {}, agents = {}, uploads = {} }: Offered): Method[] {
  return [
    bidi(sessionPaths.fileSync, async (call) => {
      const wanted = call.metadata.getAll("include-patterns");
      const names = Object.keys(files)
        .sort()
        .filter((name) => wanted.length === 0 || wanted.includes(name));
      for (const path of names) {
        const stat = { path, mode: 0o644, size: Buffer.byteLength(files[path] ?? ""), modTime: 1_000_000_000n };
        await call.send(encode(Packet, { type: PacketType.stat, stat }));
      }
      await call.send(encode(Packet, { type: PacketType.stat }));
      for await (const bytes of call.messages) {
        const { type, id } = decode(Packet, bytes);
        if (type === PacketType.finish) return call.send(encode(Packet, { type: PacketType.finish }));
        const data = Buffer.from(files[names[id] ?? ""] ?? "");
        await call.send(encode(Packet, { type: PacketType.data, id, data }));
        await call.send(encode(Packet, { type: PacketType.data, id }));
      }
    }),
    bidi(sessionPaths.pull, async (call) => {
      const text = uploads[call.metadata.get("urlpath") ?? ""];
      if (text === undefined) throw new GrpcError(Code.notFound, "no such upload");
      await call.send(encode(BytesMessage, { data: Buffer.from(text) }));
    }),
    unary(sessionPaths.checkAgent, CheckAgentRequest, CheckAgentResponse, ({ id }) => {
      if (agents[id] === undefined) throw new GrpcError(Code.unknown, `unset ssh forward key ${id}`);
      return {};
    }),
    bidi(sessionPaths.forwardAgent, async (call) => {
      const socket = net.connect(agents[call.metadata.get("buildkit.ssh.id") ?? ""] ?? "");
      const answers = (async () => {
        for await (const data of socket) await call.send(encode(BytesMessage, { data }));
      })();
      for await (const message of call.messages) socket.write(decode(BytesMessage, message).data);
      socket.end();
      await answers;
    }),
    unary(sessionPaths.getSecret, GetSecretRequest, GetSecretResponse, ({ id }) => {
      const secret = secrets[id];
      if (secret === undefined) throw new GrpcError(Code.notFound, `secret ${id}: not found`);
      return { data: Buffer.from(secret) };
    }),
  ];
}

let builds = 0;

/** Connections of a client for one build, until it is disposed of. */
export async function wireClient(socketPath: string, offered: Offered = {}) {
  const ref = `wire-${process.pid}-${builds++}`;
  const session = `session-${ref}`;
  const grpc = await upgraded(socketPath, "/grpc", []);
  const methods = sessionMethods(offered);
  const held = await upgraded(socketPath, "/session", [
    ["X-Docker-Expose-Session-Uuid", session],
    ...methods.map(({ path }) => ["X-Docker-Expose-Session-Grpc-Method", path] as const),
  ]);
  const served = serve(held, methods);
  const client = connect(grpc);
  return {
    client,
    ref,
    session,
    async [Symbol.asyncDispose]() {
      client.close();
      served.close();
      await Promise.all([client.closed, served.closed]);
    },
  };
}

/** Has a client be the frontend of its build: `work` says what it solves and returns the id of the result. */
export async function buildByWire(
  socketPath: string,
  offered: Offered,
  work: (build: WireBuild) => Promise<string>,
  exporters: Input<typeof SolveRequest>["exporters"] = [],
  more: Pick<Input<typeof SolveRequest>, "cache"> = {},
): Promise<{ response: ReadonlyMap<string, string>; vertices: Map<string, Vertex> }> {
  await using connected = await wireClient(socketPath, offered);
  const { client, ref, session } = connected;
  const solving = client.unary(controlPaths.solve, SolveRequest, SolveResponse, { ref, session, exporters, ...more });
  // Its end may come before it is waited for.
  solving.catch(() => {});
  const vertices = follow(client, ref);
  vertices.catch(() => {});
  const metadata = { "buildkit-controlapi-buildid": ref };
  let returned: Input<typeof ReturnRequest>;
  try {
    const id = await work({
      client,
      ref,
      session,
      async solve(definition, evaluate = false, cacheImports = []) {
        const { result } = await client.unary(
          gatewayPaths.solve,
          GatewaySolveRequest,
          GatewaySolveResponse,
          { definition, evaluate, cacheImports, allowResultReturn: true, allowResultArrayRef: true },
          { metadata },
        );
        return result?.ref?.id ?? "";
      },
      async solveBy(frontend, options = {}) {
        const frontendOpt = new Map(Object.entries(options));
        const request = { frontend, frontendOpt, allowResultReturn: true, allowResultArrayRef: true };
        const { solve } = gatewayPaths;
        const { result } = await client.unary(solve, GatewaySolveRequest, GatewaySolveResponse, request, { metadata });
        return result?.ref?.id ?? "";
      },
      async read(of, filePath) {
        const request = { ref: of, filePath };
        const { data } = await client.unary(gatewayPaths.readFile, ReadFileRequest, ReadFileResponse, request, {
          metadata,
        });
        return Buffer.from(data).toString();
      },
      async stat(of, path) {
        const request = { ref: of, path };
        const { stat } = await client.unary(gatewayPaths.statFile, StatFileRequest, StatFileResponse, request, {
          metadata,
        });
        if (!stat) throw new Error(`no stat of ${path}`);
        return { mode: stat.mode, uid: stat.uid, gid: stat.gid };
      },
      async list(of, dirPath) {
        const request = { ref: of, dirPath };
        const { entries } = await client.unary(gatewayPaths.readDir, ReadDirRequest, ReadDirResponse, request, {
          metadata,
        });
        return entries.map(({ path }) => path);
      },
    });
    returned = { result: { ref: { id } } };
  } catch (error) {
    if (!(error instanceof GrpcError)) throw error;
    returned = { error: { code: error.code, message: error.message, details: error.details } };
  }
  await client.unary(gatewayPaths.return, ReturnRequest, ReturnResponse, returned, { metadata });
  const { exporterResponse } = await solving;
  return { response: exporterResponse, vertices: await vertices };
}

/** What a build tells of its vertices in the end, by their names. */
export async function follow(client: Client, ref: string): Promise<Map<string, Vertex>> {
  const call = client.stream(controlPaths.status);
  await call.send(encode(StatusRequest, { ref }));
  call.end();
  const vertices = new Map<string, Vertex>();
  for await (const message of call.messages)
    for (const vertex of decode(StatusResponse, message).vertexes) vertices.set(vertex.name, vertex);
  return vertices;
}
