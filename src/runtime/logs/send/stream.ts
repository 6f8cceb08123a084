import net from "node:net";
import tls from "node:tls";
import { errorMessage } from "../../../lib/errors.ts";
import { isNetworkError, networkWords } from "../../../lib/network-words.ts";
import { pause } from "../../../lib/pause.ts";
import { ConnectionLost } from "./receiver.ts";
import type { TlsFiles } from "./tls-files.ts";

/** Milliseconds for a connection to be made. */
const DIAL = 10_000;
/** Milliseconds for the last bytes to go out, and for the other side to see the end. */
const CLOSING = 2_000;
const KEEP_ALIVE = 30_000;

/** Where a stream of bytes goes. */
export type StreamAddress = { host: string; port: number; tls?: TlsFiles } | { path: string };

/** A connection to a receiver: TCP, TLS, or a socket of this machine. */
export class StreamConnection {
  #lost: Error | null = null;
  readonly #closed = Promise.withResolvers<void>();

  private constructor(
    private readonly socket: net.Socket,
    heard: ((data: Buffer) => void) | undefined,
    signal: AbortSignal,
  ) {
    const lose = (why: string) => {
      this.#lost ??= new ConnectionLost(why);
    };
    socket.on("error", (error) => lose(errorMessage(error)));
    socket.on("end", () => lose("EOF"));
    socket.on("close", () => {
      lose("EOF");
      this.#closed.resolve();
    });
    // Without a reader the end of the other side would not be noticed.
    socket.on("data", (data: Buffer) => heard?.(data));
    signal.addEventListener("abort", () => socket.destroy(), { once: true });
  }

  /** Connects; `heard` gets what the other side says. Throws in Go's words: `dial tcp 127.0.0.1:514: connect: …`. */
  static async dial(
    address: StreamAddress,
    signal: AbortSignal,
    heard?: (data: Buffer) => void,
  ): Promise<StreamConnection> {
    signal.throwIfAborted();
    const socket = connect(address);
    const giveUp = () => socket.destroy(new Error("context canceled"));
    signal.addEventListener("abort", giveUp, { once: true });
    const timer = setTimeout(() => socket.destroy(new Error(`dial ${nameOf(address)}: i/o timeout`)), DIAL);
    try {
      await new Promise<void>((resolve, reject) => {
        socket.once("path" in address || !address.tls ? "connect" : "secureConnect", resolve);
        socket.once("error", reject);
        socket.once("close", () => reject(new Error(`dial ${nameOf(address)}: EOF`)));
      });
      if (!("path" in address)) socket.setKeepAlive(true, KEEP_ALIVE);
      return new StreamConnection(socket, heard, signal);
    } catch (error) {
      socket.on("error", () => {});
      socket.destroy();
      throw new Error(dialWords(error, address), { cause: error });
    } finally {
      clearTimeout(timer);
      signal.removeEventListener("abort", giveUp);
    }
  }

  /** Why nothing comes through any more; null while it does. */
  get lost(): Error | null {
    return this.#lost;
  }

  /** Resolves when the connection has ended. */
  get closed(): Promise<void> {
    return this.#closed.promise;
  }

  /** Resolves when the kernel has taken the bytes. Throws {@link ConnectionLost}. */
  async write(data: Buffer): Promise<void> {
    if (this.#lost) throw this.#lost;
    await new Promise<void>((resolve, reject) => {
      this.socket.write(data, (error) =>
        error ? reject(this.#lost ?? new ConnectionLost(errorMessage(error))) : resolve(),
      );
      // A callback that a destroyed socket swallows must not keep anybody.
      this.closed.then(() => reject(this.#lost));
    });
  }

  async close(): Promise<void> {
    this.socket.end();
    const over = new AbortController();
    await Promise.race([this.closed, pause(CLOSING, over.signal)]);
    over.abort();
    this.socket.destroy();
  }
}

function connect(address: StreamAddress): net.Socket {
  if ("path" in address) return net.connect({ path: address.path });
  const { host, port } = address;
  if (!address.tls) return net.connect({ host, port });
  const { ca, cert, key, passphrase, insecure, serverName } = address.tls;
  const name = serverName ?? (net.isIP(host) ? undefined : host);
  return tls.connect({
    host,
    port,
    rejectUnauthorized: !insecure,
    ...(name !== undefined && { servername: name }),
    ...(ca && { ca }),
    ...(cert && { cert }),
    ...(key && { key }),
    ...(passphrase !== undefined && { passphrase }),
  });
}

function nameOf(address: StreamAddress): string {
  if ("path" in address) return `unix ${address.path}`;
  return `tcp ${address.host.includes(":") ? `[${address.host}]` : address.host}:${address.port}`;
}

function dialWords(error: unknown, address: StreamAddress): string {
  const words = errorMessage(error);
  if (/^dial /.test(words) || !(error instanceof Error) || !isNetworkError(error) || "path" in address) return words;
  return networkWords(error, { url: `tcp://${address.host}:${address.port}` });
}
