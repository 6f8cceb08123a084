import tls, { type TLSSocket } from "node:tls";
import { errorMessage, unauthorized, unavailable } from "../../lib/errors.ts";
import { type Client, connect as connectCalls } from "../../lib/grpc/client.ts";
import type { Method } from "../../lib/grpc/method.ts";
import { serve } from "../../lib/grpc/server.ts";
import { type Identity, identityIn } from "../ca/identity.ts";

/** What a node shows to others: PEM. */
export interface Credentials {
  cert: string;
  key: string;
  /** The roots that it trusts. */
  trust: string;
}

/** Who is at the other end, and from where. */
export interface Peer {
  /** Null: whoever it is, it has shown no certificate. */
  identity: Identity | null;
  /** Its address, without the port. */
  address: string;
  /** Ends the connection with all its calls. */
  close(): void;
}

/** A port of this machine on which nodes are served. */
export interface Listening {
  port: number;
  /** Shows the present credentials to who comes from now on. */
  renew(): void;
  /** Ends all connections. */
  close(): void;
}

const dialTimeout = 5000;

/**
 * Serves calls over TLS. `methodsFor` says what a peer may call; a certificate that is expired, or not of a trusted
 * root, is none: its bearer may do no more than a stranger, and is told why. Throws where the port cannot be had.
 */
export async function listenForNodes(
  { host, port }: { host: string; port: number },
  credentials: () => Credentials,
  methodsFor: (peer: Peer, refusal: string | null) => readonly Method[],
): Promise<Listening> {
  const { cert, key, trust } = credentials();
  const sockets = new Set<TLSSocket>();
  const server = tls.createServer(
    {
      cert,
      key,
      ca: trust,
      requestCert: true,
      rejectUnauthorized: false,
      minVersion: "TLSv1.3",
      ALPNProtocols: ["h2"],
    },
    (socket) => {
      sockets.add(socket);
      socket.once("close", () => sockets.delete(socket));
      const subject = socket.getPeerCertificate()?.subject;
      const shown = subject && Object.keys(subject).length > 0;
      const identity = socket.authorized ? identityIn(subject) : null;
      const refusal = shown && !identity ? refusalOf(socket) : null;
      const address = (socket.remoteAddress ?? "").replace(/^::ffff:/, "");
      const peer: Peer = { identity, address, close: () => socket.destroy() };
      serve(socket, methodsFor(peer, refusal), { maxStreams: identity ? 1000 : 4 });
    },
  );
  // Whoever breaks off in the middle of the handshake, or has no business here.
  server.on("tlsClientError", () => {});
  const { promise: listening, resolve, reject } = Promise.withResolvers<void>();
  server.once("error", reject);
  server.listen(port, host, resolve);
  await listening;
  server.off("error", reject);
  server.on("error", () => {});
  const address = server.address();
  return {
    port: typeof address === "object" && address ? address.port : port,
    renew() {
      const now = credentials();
      server.setSecureContext({ cert: now.cert, key: now.key, ca: now.trust, minVersion: "TLSv1.3" });
    },
    close() {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

function refusalOf({ authorizationError }: TLSSocket): string {
  const code = String(authorizationError ?? "");
  if (code.includes("CERT_HAS_EXPIRED")) return "the node's certificate has expired";
  if (code.includes("CERT_NOT_YET_VALID")) return "the node's certificate is not valid yet: is a clock wrong?";
  return "the node's certificate is not of this cluster";
}

/** Whom to expect at the other end. */
export type Expected =
  /** A manager of the cluster whose roots the credentials trust. */
  | { manager: Pick<Credentials, "trust"> & Partial<Credentials> }
  /** Whoever it is: what it says is checked otherwise. */
  | "anybody";

/** A connection to a manager's port. Throws `unavailable` where there is none, `unauthorized` where it is another's. */
export async function dialManager(address: string, expected: Expected): Promise<Client> {
  const { host, port } = splitAddress(address);
  const socket = tls.connect({
    host,
    port,
    minVersion: "TLSv1.3",
    ALPNProtocols: ["h2"],
    // Managers are known by their role, not by where they are.
    checkServerIdentity: () => undefined,
    ...(expected === "anybody"
      ? { rejectUnauthorized: false }
      : {
          ca: expected.manager.trust,
          ...(expected.manager.cert && { cert: expected.manager.cert }),
          ...(expected.manager.key && { key: expected.manager.key }),
        }),
  });
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const timer = setTimeout(() => reject(new Error("i/o timeout")), dialTimeout);
  socket.once("secureConnect", resolve);
  socket.once("error", reject);
  socket.once("close", () => reject(new Error("the connection was closed")));
  try {
    await promise;
  } catch (error) {
    socket.destroy();
    throw dialFailure(address, error);
  } finally {
    clearTimeout(timer);
  }
  if (expected !== "anybody" && identityIn(socket.getPeerCertificate()?.subject)?.role !== "manager") {
    socket.destroy();
    throw unauthorized(`${address} is no manager of this cluster`);
  }
  return connectCalls(socket);
}

function dialFailure(address: string, error: unknown): Error {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  const words: Record<string, string> = {
    ECONNREFUSED: "connection refused",
    EHOSTUNREACH: "no route to host",
    ENETUNREACH: "network is unreachable",
    ETIMEDOUT: "i/o timeout",
  };
  if (/CERT|SIGNED|ISSUER/.test(code)) {
    return unauthorized(`${address} is no manager of this cluster, or its certificate has expired: ${code}`, error);
  }
  return unavailable(
    'connection error: desc = "transport: Error while dialing: dial tcp ' +
      `${address}: ${words[code] ? `connect: ${words[code]}` : errorMessage(error)}"`,
    error,
  );
}

/** `host:port`, of which an IPv6 address stands in brackets. */
export function splitAddress(address: string): { host: string; port: number } {
  const [, v6, host = v6 ?? address, port] = /^(?:\[([^\]]+)\]|([^:]+))(?::(\d+))?$/.exec(address) ?? [];
  return { host, port: Number(port ?? 2377) };
}
