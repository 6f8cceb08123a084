import { ByteQueue, type Duplex } from "./duplex.ts";

/** Where a connection goes: a Unix socket's path, or host and port; `tls` present: encrypted, with these settings. */
export type SocketAddress = { unix: string } | { hostname: string; port: number; tls?: Bun.TLSOptions };

/** Milliseconds without a word until a peer is asked whether it is there. */
const KEEP_ALIVE = 15_000;

/**
 * Connects to a unix or TCP socket, with TLS where the address says so. Rejects with the system's error (`code` ENOENT,
 * ECONNREFUSED, …).
 */
export async function dialSocket(address: SocketAddress): Promise<Duplex> {
  let waiting: { data: Uint8Array; resolve(): void; reject(error: Error): void }[] = [];
  let broken: Error | undefined;
  let ending = false;
  let current: Bun.Socket<undefined> | undefined;
  let secured: (error?: Error) => void = () => {};
  const handshake =
    "tls" in address && address.tls
      ? new Promise<void>((resolve, reject) => (secured = (error) => (error ? reject(error) : resolve())))
      : undefined;
  handshake?.catch(() => {});
  const queue = new ByteQueue({ pause: () => current?.pause(), resume: () => current?.resume() });

  const fail = (error: Error) => {
    broken ??= error;
    queue.end(error);
    for (const { reject } of waiting) reject(error);
    waiting = [];
  };
  /** Hands the kernel what it takes; the rest waits for `drain`. */
  const pump = () => {
    while (waiting.length > 0 && current) {
      const first = waiting[0];
      if (!first) break;
      const written = current.write(first.data);
      if (written < 0) return fail(new Error("write: broken pipe"));
      if (written < first.data.length) {
        first.data = first.data.subarray(written);
        return;
      }
      waiting.shift();
      first.resolve();
    }
    if (ending) current?.shutdown();
  };

  const options = {
    allowHalfOpen: true,
    socket: {
      binaryType: "uint8array" as const,
      // The buffer belongs to the socket's next read: keep a copy.
      data: (_, chunk) => queue.push(new Uint8Array(chunk)),
      drain: pump,
      end: () => queue.end(),
      close: (_, error) => {
        queue.end(error ?? undefined);
        secured(error ?? new Error("connection closed during the TLS handshake"));
        fail(error ?? new Error("write: broken pipe"));
      },
      error: (_, error) => {
        secured(error);
        fail(error);
      },
      handshake: (socket, ok, error) =>
        secured(handshakeError(socket, ok, error, "tls" in address ? address.tls : undefined)),
    } satisfies Bun.SocketHandler<undefined>,
  };
  const socket = await ("unix" in address
    ? Bun.connect<undefined>({ ...options, unix: address.unix })
    : Bun.connect<undefined>({ ...options, ...address }));
  current = socket;
  // As Go does: a peer that is gone without a word is noticed.
  if ("port" in address) socket.setKeepAlive(true, KEEP_ALIVE);
  await handshake;

  return {
    read: () => queue.read(),
    write(data) {
      if (broken) return Promise.reject(broken);
      const bytes = typeof data === "string" ? new TextEncoder().encode(data) : data;
      if (bytes.length === 0) return Promise.resolve();
      return new Promise((resolve, reject) => {
        waiting.push({ data: bytes, resolve, reject });
        if (waiting.length === 1) pump();
      });
    },
    end() {
      ending = true;
      if (waiting.length === 0) socket.shutdown();
    },
    close() {
      socket.terminate();
    },
  };
}

/** What is wrong with the other side: a chain that nobody trusts, a certificate for another name. */
function handshakeError(
  socket: Bun.Socket<undefined>,
  ok: boolean,
  error: Error | null,
  tls: Bun.TLSOptions | undefined,
): Error | undefined {
  // Bun 1.4.5 calls it a failure too where only the certificate is one that nobody wanted to look at.
  const protocol = error !== null && "code" in error && error.code === "EPROTO";
  if (tls?.rejectUnauthorized === false && !protocol) return undefined;
  if (!ok) return error ?? new Error("tls: handshake failure");
  if (error) return error;
  const { checkServerIdentity } = require("node:tls");
  return checkServerIdentity(tls?.serverName ?? "", socket.getPeerCertificate());
}
