import type { Socket } from "bun";
import { EngineError, unavailable } from "../../lib/errors.ts";
import type { DBusValue } from "./codec.ts";
import { decodeMessage, encodeCall, MESSAGE, type MethodCall, type ReceivedMessage } from "./message.ts";

/** What a service answered instead of doing it; `name` as the service calls it. */
export class DBusError extends EngineError {
  constructor(
    readonly errorName: string,
    message: string,
  ) {
    super("internal", message || errorName);
  }
}

/** What a connection to the bus calls. */
export interface BusHandlers {
  signal(message: ReceivedMessage): void;
  /** The bus is gone, or it was not one. Not called after disposal. */
  closed(): void;
}

const answerMs = 30_000;
const bus = { destination: "org.freedesktop.DBus", path: "/org/freedesktop/DBus", interface: "org.freedesktop.DBus" };

interface Waiting {
  resolve(args: DBusValue[]): void;
  reject(error: Error): void;
}

/** A connection to a message bus over its unix socket, as the user that the process is. It keeps no process alive. */
export class BusConnection implements Disposable {
  readonly #waiting = new Map<number, Waiting>();
  #socket: Socket<undefined> | null = null;
  #received: Buffer = Buffer.alloc(0);
  #serial = 0;
  #authenticated = Promise.withResolvers<void>();
  #isBus = false;
  #ended = false;

  private constructor(private readonly handlers: BusHandlers) {}

  /** Throws where nobody listens, or refuses. */
  static async open(path: string, handlers: BusHandlers): Promise<BusConnection> {
    const connection = new BusConnection(handlers);
    const socket = await Bun.connect({
      unix: path,
      socket: {
        data: (_, bytes) => connection.#receive(bytes),
        close: () => connection.#close(),
        error: () => connection.#close(),
      },
    });
    connection.#socket = socket;
    socket.unref();
    const uid = Buffer.from(String(process.getuid?.() ?? 0)).toString("hex");
    socket.write(`\0AUTH EXTERNAL ${uid}\r\n`);
    await connection.#authenticated.promise;
    await connection.call({ ...bus, member: "Hello", signature: "", args: [] });
    return connection;
  }

  /** The answer's values. Throws {@link DBusError} where the service refuses. */
  async call(call: MethodCall): Promise<DBusValue[]> {
    if (this.#ended || !this.#socket) throw unavailable("the message bus is gone");
    const serial = ++this.#serial;
    const { promise, resolve, reject } = Promise.withResolvers<DBusValue[]>();
    this.#waiting.set(serial, { resolve, reject });
    const timer = setTimeout(() => reject(unavailable(`${call.destination} does not answer`)), answerMs);
    timer.unref();
    this.#socket.write(encodeCall(call, serial));
    try {
      return await promise;
    } finally {
      clearTimeout(timer);
      this.#waiting.delete(serial);
    }
  }

  /** Has signals sent to us; `rule` as in the specification's "Match Rules". */
  async match(rule: string): Promise<void> {
    await this.call({ ...bus, member: "AddMatch", signature: "s", args: [rule] });
  }

  /** Somebody has the name now. */
  async hasOwner(name: string): Promise<boolean> {
    return (await this.call({ ...bus, member: "NameHasOwner", signature: "s", args: [name] }))[0] === true;
  }

  #receive(bytes: Uint8Array): void {
    this.#received = Buffer.concat([this.#received, bytes]);
    if (!this.#isBus && !this.#answerAuthentication()) return;
    try {
      for (let next = decodeMessage(this.#received); next; next = decodeMessage(this.#received)) {
        this.#received = this.#received.subarray(next.length);
        this.#take(next.message);
      }
    } catch {
      this.#close();
    }
  }

  #answerAuthentication(): boolean {
    const end = this.#received.indexOf("\r\n");
    if (end < 0) return false;
    const line = this.#received.toString("latin1", 0, end);
    this.#received = this.#received.subarray(end + 2);
    if (!line.startsWith("OK ")) {
      this.#authenticated.reject(unavailable(`the message bus refuses: ${line}`));
      return false;
    }
    this.#isBus = true;
    this.#socket?.write("BEGIN\r\n");
    this.#authenticated.resolve();
    return true;
  }

  #take(message: ReceivedMessage): void {
    if (message.type === MESSAGE.SIGNAL) return this.handlers.signal(message);
    const waiting = this.#waiting.get(message.replySerial);
    if (message.type === MESSAGE.RETURN) waiting?.resolve(message.args);
    else if (message.type === MESSAGE.ERROR)
      waiting?.reject(new DBusError(message.errorName, String(message.args[0] ?? "")));
  }

  #close(): void {
    if (this.#ended) return;
    this.#end();
    this.handlers.closed();
  }

  #end(): void {
    this.#ended = true;
    const gone = unavailable("the message bus is gone");
    this.#authenticated.reject(gone);
    this.#authenticated.promise.catch(() => {});
    for (const { reject } of this.#waiting.values()) reject(gone);
    this.#socket?.terminate();
  }

  [Symbol.dispose](): void {
    if (!this.#ended) this.#end();
  }
}
