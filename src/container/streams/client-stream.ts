import type { Frame } from "../../api/stdcopy.ts";
import { errorMessage } from "../../lib/errors.ts";
import type { TaskIo } from "../../runtime/types.ts";
import type { Attachment } from "./attachment.ts";
import { DetachScanner } from "./detach-keys.ts";
import type { PendingClient } from "./pending-client.ts";

/** Which streams of a process a client wants, and in which form. */
export interface ClientStreamOptions {
  /** The process has a terminal. */
  tty: boolean;
  /** Output goes out bare, without frames; default: where there is a terminal. */
  bare?: boolean;
  stdin: boolean;
  stdout: boolean;
  stderr: boolean;
  /** Looked for in the input of a terminal. */
  detachKeys: Uint8Array;
  /** What comes before the live stream. */
  past?: AsyncIterable<Frame>;
  /** `past` is all the output there is: what the live stream brings is passed over. */
  deaf?: boolean;
  /**
   * Makes the process, in place of {@link ClientStream.connect}: called when output is first asked for, which is when
   * the client knows that it is connected. What it throws becomes a line of output.
   */
  open?(): Promise<TaskIo | null>;
  /**
   * Output ends no sooner than this resolves, unless the client leaves: who has read it all may ask for the exit code.
   */
  settled?: Promise<unknown>;
  /** The detach sequence was typed. */
  onDetach(): void;
  /** Called once, when the client is gone. */
  onClose(): void;
}

/**
 * A client's end of standard streams that may not be there yet: input given before waits, output starts with the
 * first byte. Made over to the streams by {@link connect}.
 */
export class ClientStream implements Attachment, PendingClient {
  readonly tty: boolean;
  readonly frames: AsyncIterable<Frame>;
  readonly #options: ClientStreamOptions;
  readonly #scanner: DetachScanner | null;
  readonly #io = Promise.withResolvers<TaskIo | null>();
  readonly #left = Promise.withResolvers<void>();
  #connected: TaskIo | null = null;
  #input: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(options: ClientStreamOptions) {
    this.tty = options.bare ?? options.tty;
    this.#options = options;
    this.#scanner = options.tty ? new DetachScanner(options.detachKeys) : null;
    this.frames = this.#read();
  }

  connect(io: TaskIo | null): void {
    if (this.#closed) return io?.close();
    this.#connected = io;
    this.#io.resolve(io);
    // Output that is not read would block the process.
    if (io && this.#options.deaf) void passOver(io.frames);
  }

  async *#read(): AsyncGenerator<Frame> {
    try {
      if (this.#options.past) yield* this.#options.past;
      if (this.#options.deaf) return;
      const failure = await this.#open();
      if (failure) yield failure;
      const io = await this.#io.promise;
      if (!io) return;
      for await (const frame of io.frames) {
        if (frame.stream === 1 ? this.#options.stdout : this.#options.stderr) yield frame;
      }
      if (!this.#closed) await Promise.race([this.#options.settled, this.#left.promise]);
    } finally {
      this.close();
    }
  }

  /**
   * Starts the process where `open` is given. Returns the line of output that says why it could not be started, else
   * null.
   */
  async #open(): Promise<Frame | null> {
    const { open } = this.#options;
    if (!open) return null;
    try {
      this.connect(await open());
      return null;
    } catch (error) {
      this.connect(null);
      return { stream: 1, data: Buffer.from(`${errorMessage(error)}\r\n`) };
    }
  }

  write(data: Uint8Array): Promise<void> {
    if (!this.#options.stdin || this.#closed) return Promise.resolve();
    const turn = this.#input.then(async () => {
      const io = await this.#io.promise;
      if (!io || this.#closed) return;
      const { pass, detached } = this.#scanner?.scan(data) ?? { pass: data, detached: false };
      if (pass.length > 0) await io.write(pass);
      if (detached) {
        this.#options.onDetach();
        this.close();
      }
    });
    this.#input = turn.catch(() => {});
    return turn;
  }

  closeStdin(): void {
    if (!this.#options.stdin) return;
    this.#input = this.#input.then(async () => (await this.#io.promise)?.closeStdin());
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#left.resolve();
    // A client with standard input that leaves has sent all its input (see TaskIo.closeStdin for where that matters).
    if (this.#options.stdin) this.#connected?.closeStdin();
    this.#connected?.close();
    this.#io.resolve(null);
    this.#options.onClose();
  }
}

async function passOver(frames: AsyncIterable<Frame>): Promise<void> {
  for await (const _ of frames) {
    /* nobody hears it */
  }
}
