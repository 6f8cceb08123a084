import type { Socket } from "bun";
import type { Observer } from "./recorder.ts";

/** One end of a relayed connection: what is to be written to it, and how far it has come. */
interface Side {
  socket: Socket<unknown> | null;
  queue: Uint8Array[];
  /** No more is coming for it: ends after the queue; `gone` when the other end is gone altogether. */
  ending: "no" | "half" | "gone";
  shut: boolean;
}

/**
 * Passes on what comes on `listen` to `engine` and back, byte for byte, each end of a direction on its own, as fast as
 * the slower side takes it. `observe` makes the one that looks on, for each connection. Returns what stops the
 * listening and waits for the connections to end, for a while at most.
 */
export function relay(
  listen: string,
  engine: string,
  observe: () => Observer,
): { stop(patience: number): Promise<void> } {
  const open = new Set<Socket<unknown>>();
  const listener = Bun.listen<Link>({
    unix: listen,
    allowHalfOpen: true,
    socket: {
      open(socket) {
        open.add(socket);
        socket.data = new Link(socket, observe());
        socket.data.dial(engine);
      },
      data: (socket, bytes) => socket.data.fromClient(bytes),
      drain: (socket) => socket.data.drained("client"),
      end: (socket) => socket.data.ended("client"),
      close(socket) {
        open.delete(socket);
        socket.data.closed("client");
      },
      error() {
        /* it closes */
      },
    },
  });
  return {
    async stop(patience) {
      listener.stop();
      for (const end = Date.now() + patience; open.size > 0 && Date.now() < end; ) await Bun.sleep(5);
    },
  };
}

/** A client's connection and its own to the engine. */
class Link {
  readonly #client: Side;
  readonly #engine: Side = { socket: null, queue: [], ending: "no", shut: false };

  constructor(
    client: Socket<Link>,
    private readonly observer: Observer,
  ) {
    this.#client = { socket: client, queue: [], ending: "no", shut: false };
  }

  dial(path: string): void {
    Bun.connect<undefined>({
      unix: path,
      allowHalfOpen: true,
      socket: {
        open: (socket) => {
          this.#engine.socket = socket;
          this.#flush(this.#engine, this.#client);
        },
        data: (_socket, bytes) => this.fromEngine(bytes),
        drain: () => this.drained("engine"),
        end: () => this.ended("engine"),
        close: () => this.closed("engine"),
        error() {
          /* it closes */
        },
      },
    }).catch(() => this.closed("engine"));
  }

  fromClient(bytes: Uint8Array): void {
    this.observer.fromClient(bytes);
    this.#send(this.#engine, this.#client, bytes);
  }

  fromEngine(bytes: Uint8Array): void {
    this.observer.fromEngine(bytes);
    this.#send(this.#client, this.#engine, bytes);
  }

  drained(name: "client" | "engine"): void {
    if (name === "client") this.#flush(this.#client, this.#engine);
    else this.#flush(this.#engine, this.#client);
  }

  /** One side sends no more; the other way may go on. */
  ended(name: "client" | "engine"): void {
    this.#finish(name, "half");
  }

  closed(name: "client" | "engine"): void {
    (name === "client" ? this.#client : this.#engine).socket = null;
    this.#finish(name, "gone");
  }

  #finish(name: "client" | "engine", how: "half" | "gone"): void {
    if (name === "engine") this.observer.engineEnded();
    const [from, to] = name === "client" ? [this.#client, this.#engine] : [this.#engine, this.#client];
    if (to.ending !== "gone") to.ending = how;
    this.#flush(to, from);
  }

  #send(to: Side, from: Side, bytes: Uint8Array): void {
    const taken = to.socket && to.queue.length === 0 ? Math.max(0, to.socket.write(bytes)) : 0;
    if (taken === bytes.length) return;
    // What came in is only lent.
    to.queue.push(bytes.slice(taken));
    from.socket?.pause();
  }

  #flush(to: Side, from: Side): void {
    if (!to.socket) return;
    for (let bytes = to.queue[0]; bytes; bytes = to.queue[0]) {
      const taken = Math.max(0, to.socket.write(bytes));
      if (taken < bytes.length) {
        to.queue[0] = bytes.subarray(taken);
        return;
      }
      to.queue.shift();
    }
    if (to.ending === "gone") to.socket.terminate();
    else if (to.ending === "half" && !to.shut) {
      to.shut = true;
      to.socket.shutdown();
    }
    from.socket?.resume();
  }
}
