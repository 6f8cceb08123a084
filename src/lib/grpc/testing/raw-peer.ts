import type { Socket } from "node:net";

/** The types of HTTP/2's frames that tests look at. */
export const FrameType = { data: 0, headers: 1, reset: 3, settings: 4, ping: 6, goAway: 7, continuation: 9 } as const;

/** The flag of a stream's last frame. */
export const endStream = 1;
const endHeaders = 4;

interface Frame {
  type: number;
  flags: number;
  stream: number;
  payload: Buffer;
}

/** A frame of HTTP/2. */
export function frame(type: number, flags: number, stream: number, payload: Uint8Array = new Uint8Array()): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head.writeUInt8(type, 3);
  head.writeUInt8(flags, 4);
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

/** The four bytes of an error code. */
export function code(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

/** Headers written out, without any compression. */
export function literals(headers: Record<string, string>): Buffer {
  const parts = Object.entries(headers).flatMap(([name, value]) => [
    Buffer.from([0, name.length]),
    Buffer.from(name),
    Buffer.from([value.length]),
    Buffer.from(value),
  ]);
  return Buffer.concat(parts);
}

/** The headers of a call. */
export const callHeaders = (path: string, more: Record<string, string> = {}) =>
  literals({
    ":method": "POST",
    ":scheme": "http",
    ":path": path,
    ":authority": "localhost",
    "content-type": "application/grpc",
    ...more,
  });

/** The frame that begins a call, and ends the client's side of it unless it is held open. */
export const callFrame = (path: string, stream: number, flags = 0) =>
  frame(FrameType.headers, endHeaders | flags, stream, callHeaders(path));

/** What a client of HTTP/2 says first. */
export const preface = Buffer.concat([
  Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
  frame(FrameType.settings, 0, 0),
]);

/** One side of HTTP/2 that writes whatever the test wants, and keeps every frame that comes. */
export class RawPeer {
  readonly frames: Frame[] = [];
  readonly closed: Promise<void>;
  #begun = false;
  #rest = Buffer.alloc(0);
  #looks: (() => void)[] = [];

  constructor(readonly socket: Socket) {
    socket.on("error", () => {});
    socket.on("data", (chunk: Buffer) => this.#take(chunk));
    this.closed = new Promise((resolve) => socket.once("close", () => resolve()));
    socket.once("end", () => socket.destroy());
  }

  /** Writes bytes as they are. */
  write(...bytes: Uint8Array[]): void {
    const whole = Buffer.concat(bytes);
    this.#begun ||= whole.length >= preface.length;
    if (this.socket.writable) this.socket.write(whole);
  }

  /** The first frame of this type on this stream that has the flags, once it is there. */
  async seen(type: number, stream: number, flags = 0): Promise<Frame> {
    for (;;) {
      const found = this.frames.find(
        (each) => each.type === type && each.stream === stream && (each.flags & flags) === flags,
      );
      if (found) return found;
      await new Promise<void>((resolve) => this.#looks.push(resolve));
    }
  }

  #take(chunk: Buffer): void {
    this.#rest = Buffer.concat([this.#rest, chunk]);
    while (this.#rest.length >= 9) {
      const end = 9 + this.#rest.readUIntBE(0, 3);
      if (this.#rest.length < end) break;
      const [type, flags, stream] = [this.#rest.readUInt8(3), this.#rest.readUInt8(4), this.#rest.readUInt32BE(5)];
      this.frames.push({ type, flags, stream, payload: this.#rest.subarray(9, end) });
      if (type === FrameType.settings && (flags & 1) === 0 && this.#begun) this.write(frame(FrameType.settings, 1, 0));
      this.#rest = this.#rest.subarray(end);
    }
    for (const look of this.#looks.splice(0)) look();
  }
}
