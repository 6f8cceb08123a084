import { createServer, type Server, type Socket } from "node:net";
import { freePort } from "../harness.ts";

/** A receiver by TCP that keeps what comes, and stops reading when it is told. */
export class Sink implements AsyncDisposable {
  readonly #chunks: Buffer[] = [];
  readonly #sockets = new Set<Socket>();
  #held = false;

  private constructor(
    private readonly server: Server,
    readonly port: number,
  ) {
    server.on("connection", (socket: Socket) => {
      this.#sockets.add(socket);
      if (this.#held) socket.pause();
      socket.on("data", (data: Buffer) => void this.#chunks.push(data));
      if (this.#held) socket.pause();
      socket.on("error", () => {});
      socket.on("close", () => void this.#sockets.delete(socket));
    });
  }

  static async start(): Promise<Sink> {
    const server = createServer();
    const port = freePort();
    const sink = new Sink(server, port);
    await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
    return sink;
  }

  get text(): string {
    return Buffer.concat(this.#chunks).toString();
  }

  hold(): void {
    this.#held = true;
    for (const socket of this.#sockets) socket.pause();
  }

  read(): void {
    this.#held = false;
    for (const socket of this.#sockets) socket.resume();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise<void>((resolve) => this.server.close(() => resolve()));
  }
}
