import { connect, type Socket } from "node:net";

/** An answer as it came over the wire. */
export interface RawAnswer {
  status: number;
  /** Names in lower case. */
  headers: Record<string, string>;
  /** Chunks taken apart where the answer has them. */
  body: Buffer;
}

/** A connection on which bytes are sent and read by hand. */
export class RawConnection implements Disposable {
  readonly socket: Socket;
  #have: Buffer = Buffer.alloc(0);
  #ended = false;
  #wake = () => {};

  constructor(path: string) {
    this.socket = connect({ path, allowHalfOpen: true });
    this.socket.on("data", (chunk: Buffer) => {
      this.#have = Buffer.concat([this.#have, chunk]);
      this.#wake();
    });
    for (const event of ["end", "close", "error"])
      this.socket.on(event, () => {
        this.#ended = true;
        this.#wake();
      });
  }

  send(data: string | Uint8Array): void {
    this.socket.write(data);
  }

  request(method: string, path: string, options: { headers?: Record<string, string>; body?: string } = {}): void {
    const { body } = options;
    const headers = {
      Host: "d",
      ...(body !== undefined && {
        "Content-Length": String(Buffer.byteLength(body)),
        "Content-Type": "application/json",
      }),
      ...options.headers,
    };
    this.send(
      `${method} ${path} HTTP/1.1\r\n${Object.entries(headers)
        .map(([name, value]) => `${name}: ${value}\r\n`)
        .join("")}\r\n${body ?? ""}`,
    );
  }

  /**
   * Reads until `enough` finds what it wants in all that is there and says how many bytes it takes; null at the end.
   */
  async take(enough: (have: Buffer) => number | null): Promise<Buffer | null> {
    for (;;) {
      const size = enough(this.#have);
      if (size !== null) {
        const taken = this.#have.subarray(0, size);
        this.#have = this.#have.subarray(size);
        return taken;
      }
      if (this.#ended) return null;
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  async head(): Promise<RawAnswer> {
    const bytes = await this.take((have) => {
      const end = have.indexOf("\r\n\r\n");
      return end < 0 ? null : end + 4;
    });
    const [first = "", ...lines] = (bytes ?? Buffer.alloc(0)).toString().trimEnd().split("\r\n");
    const headers = Object.fromEntries(
      lines.map((line) => [line.slice(0, line.indexOf(":")).toLowerCase(), line.slice(line.indexOf(":") + 1).trim()]),
    );
    return { status: Number(first.split(" ")[1]), headers, body: Buffer.alloc(0) };
  }

  /** Head and whole body. */
  async answer(): Promise<RawAnswer> {
    const head = await this.head();
    const length = head.headers["content-length"];
    if (length !== undefined)
      head.body = (await this.take((have) => (have.length >= Number(length) ? Number(length) : null))) ?? head.body;
    else if (head.headers["transfer-encoding"] === "chunked") head.body = await this.#chunks();
    return head;
  }

  /** The next chunk of a chunked body. */
  async chunk(): Promise<Buffer> {
    const line = await this.take((have) => {
      const end = have.indexOf("\r\n");
      return end < 0 ? null : end + 2;
    });
    const size = parseInt(String(line), 16);
    const data = await this.take((have) => (have.length >= size + 2 ? size + 2 : null));
    return (data ?? Buffer.alloc(0)).subarray(0, size);
  }

  async #chunks(): Promise<Buffer> {
    const chunks: Buffer[] = [];
    for (let chunk = await this.chunk(); chunk.length > 0; chunk = await this.chunk()) chunks.push(chunk);
    return Buffer.concat(chunks);
  }

  /** Everything up to the server's end. */
  async rest(): Promise<Buffer> {
    await this.take(() => null);
    const rest = this.#have;
    this.#have = Buffer.alloc(0);
    return rest;
  }

  async waitFor(text: string): Promise<Buffer> {
    return (
      (await this.take((have) => (have.includes(text) ? have.indexOf(text) + text.length : null))) ?? Buffer.alloc(0)
    );
  }

  [Symbol.dispose](): void {
    this.socket.destroy();
  }
}
