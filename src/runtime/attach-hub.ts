import type { Socket } from "bun";
import { conflict } from "../lib/errors.ts";
import { adoptSocket } from "../linux/fd-socket.ts";
import { onProcessEnd } from "../linux/pidfd.ts";
import { closeFd, connectSeqpacket, duplicate, shutdownWrite, takePacket } from "../linux/seqpacket.ts";
import type { Frame, TaskIo } from "./types.ts";

/** A client may lag this many bytes behind before reading from the monitor pauses. */
const HIGH_WATER = 256 * 1024;
/** conmon reads its attach socket in packets of less than 32 KiB and drops the rest of a longer one. */
const MAX_PACKET = 16 * 1024;
/** What conmon sends at once, and more. */
const RECEIVED_PACKET = 64 * 1024;
/** conmon's first byte of each packet. */
const STDERR_PACKET = 3;

/**
 * The daemon's one connection to a monitor's attach socket, shared by all clients of that container or exec.
 * One only, because conmon closes a container's standard input when *any* of its connections ends.
 */
export class AttachHub {
  readonly #clients = new Set<Client>();
  readonly #drained: (() => void)[] = [];
  #socket: Socket | null = null;
  #paused = false;
  #stdinClosed = false;
  #ended = false;
  #holdsBack = true;
  #watching: Disposable | null = null;
  #writing: Promise<void> = Promise.resolve();

  private constructor(
    private readonly fd: number,
    /** A second descriptor of the same socket, open until everything has been read from it. */
    private readonly remainder: number,
    /**
     * When the first client closes its input, the process reads end-of-file: not with a terminal, and not where later
     * clients may feed it too.
     */
    private readonly stdinCloses: boolean,
    private readonly onEnd: () => void,
  ) {}

  /** Connects to the socket at `path`; `onEnd` is called once when the connection is gone. */
  static async connect(path: string, options: { stdinCloses: boolean; onEnd: () => void }): Promise<AttachHub> {
    let fd = connectSeqpacket(path);
    for (let attempt = 0; fd === null; attempt++) {
      if (attempt === 500) throw conflict("the container's monitor does not answer");
      await Bun.sleep(10);
      fd = connectSeqpacket(path);
    }
    const remainder = duplicate(fd);
    const hub = new AttachHub(fd, remainder, options.stdinCloses, options.onEnd);
    try {
      await adoptSocket(fd, {
        open: (socket) => void (hub.#socket = socket),
        data: (_, packet) => hub.#receive(packet),
        drain: () => hub.#wake(),
        close: () => hub.#end(),
        error: () => hub.#end(),
      });
    } catch (error) {
      closeFd(fd);
      closeFd(remainder);
      throw error;
    }
    return hub;
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** A new client, which receives what is written from now on. */
  join(): TaskIo {
    const client: Client = new Client(
      () => this.#flow(),
      () => this.#leave(client),
    );
    if (this.#ended) client.finish();
    else this.#clients.add(client);
    return {
      frames: client,
      write: (data) => this.#write(data),
      closeStdin: () => this.#closeStdin(),
      close: () => client.close(),
    };
  }

  /**
   * Once the process has ended, its pipes hold little: all of it is read into memory at once. Otherwise a client that
   * does not read would keep the monitor from reporting the end.
   */
  watch(pid: number): void {
    this.#watching = onProcessEnd(pid, () => {
      this.#holdsBack = false;
      this.#flow();
    });
    if (this.#ended) this.#watching[Symbol.dispose]();
  }

  #receive(packet: Uint8Array): void {
    const frame: Frame = { stream: packet[0] === STDERR_PACKET ? 2 : 1, data: packet.subarray(1) };
    for (const client of this.#clients) client.push(frame);
    this.#flow();
  }

  #flow(): void {
    const full = this.#holdsBack && [...this.#clients].some((client) => client.queuedBytes > HIGH_WATER);
    if (full === this.#paused || this.#ended) return;
    this.#paused = full;
    if (full) this.#socket?.pause();
    else this.#socket?.resume();
  }

  #leave(client: Client): void {
    this.#clients.delete(client);
    this.#flow();
    // Hanging up would close the standard input that a later client may still feed.
    if (this.#clients.size === 0 && (!this.stdinCloses || this.#stdinClosed)) this.#socket?.end();
  }

  #write(data: Uint8Array): Promise<void> {
    const turn = this.#writing.then(async () => {
      for (let offset = 0; offset < data.length; ) {
        if (this.#ended || this.#stdinClosed) throw conflict("standard input is closed");
        const piece = data.subarray(offset, offset + MAX_PACKET);
        const written = this.#socket?.write(piece) ?? -1;
        if (written > 0) offset += written;
        else await new Promise<void>((resolve) => this.#drained.push(resolve));
      }
    });
    this.#writing = turn.catch(() => {});
    return turn;
  }

  #closeStdin(): void {
    if (!this.stdinCloses) return;
    this.#writing = this.#writing.then(() => {
      if (this.#ended || this.#stdinClosed) return;
      this.#stdinClosed = true;
      shutdownWrite(this.fd);
    });
  }

  #wake(): void {
    for (const resolve of this.#drained.splice(0)) resolve();
  }

  /**
   * A monitor that ends while input is still on its way to it resets the connection. The event loop then closes the
   * socket although the last output has not been read yet.
   */
  #takeRemainder(): void {
    const buffer = new Uint8Array(RECEIVED_PACKET);
    for (let packet = takePacket(this.remainder, buffer); packet; packet = takePacket(this.remainder, buffer))
      this.#receive(packet);
    closeFd(this.remainder);
  }

  #end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#watching?.[Symbol.dispose]();
    this.#takeRemainder();
    for (const client of this.#clients) client.finish();
    this.#clients.clear();
    this.#wake();
    this.onEnd();
  }
}

/** One client's queue of frames, read once. */
class Client implements AsyncIterable<Frame> {
  queuedBytes = 0;
  readonly #queue: Frame[] = [];
  #wake: (() => void) | null = null;
  #finished = false;

  constructor(
    private readonly onTaken: () => void,
    private readonly onLeave: () => void,
  ) {}

  push(frame: Frame): void {
    this.#queue.push(frame);
    this.queuedBytes += frame.data.length;
    this.#wake?.();
  }

  /** No more frames will come; what is queued is still delivered. */
  finish(): void {
    this.#finished = true;
    this.#wake?.();
  }

  close(): void {
    if (!this.#finished) {
      this.#finished = true;
      this.onLeave();
    }
    this.#queue.length = 0;
    this.queuedBytes = 0;
    this.#wake?.();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Frame> {
    try {
      for (;;) {
        const frame = this.#queue.shift();
        if (frame !== undefined) {
          this.queuedBytes -= frame.data.length;
          this.onTaken();
          yield frame;
        } else if (this.#finished) {
          return;
        } else {
          await new Promise<void>((resolve) => (this.#wake = resolve));
          this.#wake = null;
        }
      }
    } finally {
      this.close();
    }
  }
}
