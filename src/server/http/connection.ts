import type { Socket } from "bun";
import { close } from "../../linux/at.ts";
import { duplicate } from "../../linux/seqpacket.ts";
import type { LentSocket } from "./body.ts";
import { Inbox } from "./inbox.ts";

/** Milliseconds for a handshake and a head to come in whole. */
const headTimeout = 60_000;
/** Milliseconds that the peer has to close its half after ours is closed. */
const linger = 10_000;

/** What a client has shown of itself by TLS. */
export interface ClientCertificate {
  commonName: string;
  pem: string;
}

/** The peer is gone, so there is nobody to write to. */
export class ConnectionClosed extends Error {
  override readonly name = "ConnectionClosed";
  constructor() {
    super("the connection is closed");
  }
}

/**
 * One accepted socket: what comes in goes to `inbox`; writes wait for a slow reader. Both halves end on their own
 * (the listener allows half-open sockets).
 */
export class Connection {
  readonly inbox: Inbox;
  /** Null: the client has shown no certificate, or nobody asked for one. */
  client: ClientCertificate | null = null;
  /** Called once when the peer has ended its half, or all of the connection. */
  onEnd: (() => void) | null = null;
  readonly #gone = new AbortController();
  #queue: Uint8Array[] = [];
  #flushed: PromiseWithResolvers<void> | null = null;
  #shutdown: "no" | "asked" | "done" = "no";
  #discarding = false;
  #patience: Timer | undefined;

  /** `encrypted`: what is on the wire is for the runtime alone to read. */
  constructor(
    private readonly socket: Socket<Connection>,
    private readonly encrypted: boolean,
  ) {
    this.inbox = new Inbox({ pause: () => socket.pause(), resume: () => socket.resume() });
  }

  /** Aborted when the socket is closed on both sides. */
  get gone(): AbortSignal {
    return this.#gone.signal;
  }

  /** Resolves when the kernel has taken it. Throws {@link ConnectionClosed}. */
  async write(data: Uint8Array | string): Promise<void> {
    if (this.#gone.signal.aborted || this.#shutdown !== "no") throw new ConnectionClosed();
    let bytes = typeof data === "string" ? Buffer.from(data, "latin1") : data;
    if (bytes.length === 0) return;
    if (this.#queue.length === 0) {
      const taken = this.socket.write(bytes);
      if (taken < 0) throw new ConnectionClosed();
      if (taken === bytes.length) return;
      bytes = bytes.subarray(taken);
    }
    this.#queue.push(bytes);
    this.#flushed ??= Promise.withResolvers();
    await this.#flushed.promise;
  }

  /** Lets somebody else read what comes from now on; null where that cannot be. */
  async lend(): Promise<LentSocket | null> {
    if (this.encrypted || this.#gone.signal.aborted) return null;
    // One of its own: this connection's may be closed meanwhile, and its number given to another.
    const fd = duplicate(this.socket.fd);
    const ahead = await this.inbox.lend();
    const giveBack = (rest: Uint8Array) => {
      close(fd);
      if (!this.#gone.signal.aborted) this.inbox.giveBack(rest);
    };
    if (ahead) return { fd, ahead, giveBack };
    giveBack(new Uint8Array());
    return null;
  }

  /** Ends our half, after what is still to be written. The peer may go on sending. */
  endWrite(): void {
    if (this.#shutdown !== "no") return;
    this.#shutdown = "asked";
    this.flush();
  }

  /** Ends our half and lets go of the connection once the peer has ended its own (or took too long). */
  async finish(): Promise<void> {
    if (this.#gone.signal.aborted) return;
    this.endWrite();
    this.#discarding = true;
    const timer = setTimeout(() => this.close(), linger);
    this.#gone.signal.addEventListener("abort", () => clearTimeout(timer));
    this.socket.resume();
    if (this.inbox.ended && this.#shutdown === "done") this.#leave();
  }

  /** Drops the connection now. */
  close(): void {
    if (!this.#gone.signal.aborted) this.socket.terminate();
  }

  /** The peer has from now on a fixed time for a whole request's head, however it divides that: then it is dropped. */
  mustSpeak(): void {
    this.#patience ??= setTimeout(() => this.close(), headTimeout);
  }

  /** The head is there. */
  hasSpoken(): void {
    clearTimeout(this.#patience);
    this.#patience = undefined;
  }

  // What the listener reports:

  received(chunk: Uint8Array): void {
    if (!this.#discarding) this.inbox.push(chunk);
  }

  ended(): void {
    this.inbox.end();
    this.#tellEnd();
    if (this.#discarding && this.#shutdown === "done") this.#leave();
  }

  closed(): void {
    this.inbox.end();
    this.#queue = [];
    this.hasSpoken();
    this.#gone.abort();
    this.#flushed?.reject(new ConnectionClosed());
    this.#flushed = null;
    this.#tellEnd();
  }

  flush(): void {
    for (let bytes = this.#queue[0]; bytes; bytes = this.#queue[0]) {
      const taken = this.socket.write(bytes);
      if (taken < 0) return;
      if (taken < bytes.length) {
        this.#queue[0] = bytes.subarray(taken);
        return;
      }
      this.#queue.shift();
    }
    this.#flushed?.resolve();
    this.#flushed = null;
    if (this.#shutdown === "asked") {
      this.#shutdown = "done";
      if (!this.#gone.signal.aborted) this.socket.shutdown();
      if (this.#discarding && this.inbox.ended) this.#leave();
    }
  }

  /**
   * Both halves have ended: lets go, but of nothing that the kernel or TLS has still to send, which `terminate` would
   * drop.
   */
  #leave(): void {
    if (!this.#gone.signal.aborted) this.socket.end();
  }

  #tellEnd(): void {
    const onEnd = this.onEnd;
    this.onEnd = null;
    onEnd?.();
  }
}
