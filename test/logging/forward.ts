import { createServer, type Server, type Socket } from "node:net";
import { freePort } from "../harness.ts";

/** A message of Fluentd's forward protocol. */
export interface ForwardMessage {
  tag: string;
  /** Seconds, or what an extension of eight bytes has. */
  time: number | { seconds: number; nanoseconds: number };
  record: Record<string, string>;
  option: { chunk?: string };
}

/** Reads one value; null where it is not all there. */
function decode(bytes: Buffer, at: number): { value: any; end: number } | null {
  const tag = bytes[at];
  if (tag === undefined) return null;
  const sized = (size: number) => (bytes.length < at + 1 + size ? null : bytes.readUIntBE(at + 1, size));
  const text = (head: number, length: number | null) =>
    length === null || bytes.length < at + head + length
      ? null
      : { value: bytes.toString("utf8", at + head, at + head + length), end: at + head + length };
  const many = (head: number, count: number | null, map: boolean) => {
    if (count === null) return null;
    const values: any[] = [];
    let end = at + head;
    for (let left = map ? count * 2 : count; left > 0; left--) {
      const item = decode(bytes, end);
      if (!item) return null;
      values.push(item.value);
      end = item.end;
    }
    const pairs = () => Array.from({ length: count }, (_, index) => [values[index * 2], values[index * 2 + 1]]);
    return { value: map ? Object.fromEntries(pairs()) : values, end };
  };
  if ((tag & 0xe0) === 0xa0) return text(1, tag & 0x1f);
  if ((tag & 0xf0) === 0x90) return many(1, tag & 0x0f, false);
  if ((tag & 0xf0) === 0x80) return many(1, tag & 0x0f, true);
  if (tag === 0xd9) return text(2, sized(1));
  if (tag === 0xda) return text(3, sized(2));
  if (tag === 0xdb) return text(5, sized(4));
  if (tag === 0xde) return many(3, sized(2), true);
  if (tag === 0xd2) return bytes.length < at + 5 ? null : { value: bytes.readInt32BE(at + 1), end: at + 5 };
  if (tag === 0xd7 && bytes[at + 1] === 0)
    return bytes.length < at + 10
      ? null
      : { value: { seconds: bytes.readUInt32BE(at + 2), nanoseconds: bytes.readUInt32BE(at + 6) }, end: at + 10 };
  throw new Error(`the forward protocol has no 0x${tag.toString(16)} here`);
}

/** A receiver of the forward protocol. */
export class ForwardReceiver implements AsyncDisposable {
  readonly messages: ForwardMessage[] = [];
  readonly port = freePort();
  /** What asks for an acknowledgement gets one. */
  acknowledges = true;
  #server: Server | null = null;
  readonly #sockets = new Set<Socket>();

  async start(): Promise<void> {
    const server = createServer((socket) => this.#serve(socket));
    this.#server = server;
    await new Promise<void>((resolve) => server.listen(this.port, "127.0.0.1", resolve));
  }

  #serve(socket: Socket): void {
    this.#sockets.add(socket);
    let rest = Buffer.alloc(0);
    socket.on("error", () => {});
    socket.on("close", () => void this.#sockets.delete(socket));
    socket.on("data", (data: Buffer) => {
      rest = Buffer.concat([rest, data]);
      for (let read = decode(rest, 0); read; read = decode(rest, 0)) {
        rest = rest.subarray(read.end);
        const [tag, time, record, option] = read.value;
        this.messages.push({ tag, time, record, option });
        if (option.chunk && this.acknowledges)
          socket.write(Buffer.concat([Buffer.of(0x81, 0xa3), Buffer.from("ack"), str(option.chunk)]));
      }
    });
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    const server = this.#server;
    this.#server = null;
    if (server) await new Promise<void>((resolve) => server.close(() => resolve()));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }
}

const str = (text: string) => Buffer.concat([Buffer.of(0xa0 | text.length), Buffer.from(text)]);
