import { isIP } from "node:net";
import { errorMessage } from "../../../lib/errors.ts";
import type { Duplex } from "../../../lib/http/duplex.ts";
import { dialSocket, type SocketAddress } from "../../../lib/http/socket.ts";
import { isNetworkError, networkWords } from "../../../lib/network-words.ts";
import { pause } from "../../../lib/pause.ts";
import { ConnectionLost } from "./receiver.ts";
import type { TlsFiles } from "./tls-files.ts";

/** Milliseconds for a connection to be made. */
const DIAL = 10_000;
/** Milliseconds for the other side to see the end. */
const CLOSING = 2_000;

/** Where a stream of bytes goes. */
export type StreamAddress = { host: string; port: number; tls?: TlsFiles } | { path: string };

/** A connection to a receiver: TCP, TLS, or a socket of this machine. */
export class StreamConnection {
  #lost: Error | null = null;
  readonly #closed: Promise<void>;

  private constructor(
    private readonly socket: Duplex,
    heard: ((data: Uint8Array) => void) | undefined,
  ) {
    this.#closed = this.#listen(heard);
  }

  /** Connects; `heard` gets what the other side says. Throws in Go's words: `dial tcp 127.0.0.1:514: connect: …`. */
  static async dial(
    address: StreamAddress,
    signal: AbortSignal,
    heard?: (data: Uint8Array) => void,
  ): Promise<StreamConnection> {
    signal.throwIfAborted();
    const dialing = dialSocket(socketAddress(address));
    const over = new AbortController();
    const stop = () => over.abort();
    signal.addEventListener("abort", stop, { once: true });
    const late = pause(DIAL, over.signal).then((timeout) => {
      throw new Error(timeout ? `dial ${nameOf(address)}: i/o timeout` : "context canceled");
    });
    try {
      const socket = await Promise.race([dialing, late]);
      signal.addEventListener("abort", () => socket.close(), { once: true });
      return new StreamConnection(socket, heard);
    } catch (error) {
      // It may still come.
      dialing.then(
        (socket) => socket.close(),
        () => {},
      );
      throw new Error(dialWords(error, address), { cause: error });
    } finally {
      signal.removeEventListener("abort", stop);
      late.catch(() => {});
      over.abort();
    }
  }

  /** Resolves when the kernel has taken the bytes. Throws {@link ConnectionLost}. */
  async write(data: Uint8Array): Promise<void> {
    if (this.#lost) throw this.#lost;
    try {
      await this.socket.write(data);
    } catch (error) {
      throw this.#lose(errorMessage(error));
    }
  }

  /** Resolves when the connection has ended, from either side. */
  get closed(): Promise<void> {
    return this.#closed;
  }

  async close(): Promise<void> {
    this.socket.end();
    const over = new AbortController();
    await Promise.race([this.#closed, pause(CLOSING, over.signal)]);
    over.abort();
    this.socket.close();
  }

  /** Without a reader the end of the other side would not be noticed. */
  async #listen(heard: ((data: Uint8Array) => void) | undefined): Promise<void> {
    try {
      for (let data = await this.socket.read(); data; data = await this.socket.read()) heard?.(data);
      this.#lose("EOF");
    } catch (error) {
      this.#lose(errorMessage(error));
    }
  }

  #lose(why: string): Error {
    this.#lost ??= new ConnectionLost(why);
    return this.#lost;
  }
}

function socketAddress(address: StreamAddress): SocketAddress {
  if ("path" in address) return { unix: address.path };
  const { host, port, tls } = address;
  if (!tls) return { hostname: host, port };
  const { ca, cert, key, insecure, serverName } = tls;
  return {
    hostname: host,
    port,
    tls: {
      rejectUnauthorized: !insecure,
      serverName: serverName ?? host,
      ...(ca && { ca }),
      ...(cert && { cert }),
      ...(key && { key }),
    },
  };
}

function nameOf(address: StreamAddress): string {
  if ("path" in address) return `unix ${address.path}`;
  return `tcp ${isIP(address.host) === 6 ? `[${address.host}]` : address.host}:${address.port}`;
}

function dialWords(error: unknown, address: StreamAddress): string {
  const words = errorMessage(error);
  if (/^dial |^context /.test(words)) return words;
  if ("path" in address) return `dial ${nameOf(address)}: ${words}`;
  if (!(error instanceof Error) || !isNetworkError(error)) return words;
  return networkWords(error, { url: `tcp://${nameOf(address).slice("tcp ".length)}` });
}
