import { internal } from "../lib/errors.ts";

/**
 * Docker's multiplexed stream: standard output and error of a process without a terminal, on one connection.
 * Each piece has a header of 8 bytes: the stream's number, three zeros, the payload's length (big-endian).
 */

const stdoutStream = 1;
const stderrStream = 2;
const complaintStream = 3;

/** A piece of a process's output. */
export type Frame = { stream: 1 | 2; data: Uint8Array };

const headerSize = 8;

/** Header and payload in one buffer. */
export function encodeFrame(frame: Frame): Uint8Array {
  return encodeFrames([frame]);
}

/** What the sender itself has to say: it was not able to go on. */
export function encodeComplaint(text: string): Uint8Array {
  const data = Buffer.from(text);
  const header = Buffer.alloc(headerSize);
  header.writeUInt8(complaintStream);
  header.writeUInt32BE(data.length, 4);
  return Buffer.concat([header, data]);
}

/** Frames one after another in one buffer. */
export function encodeFrames(frames: readonly Frame[]): Uint8Array {
  const out = Buffer.allocUnsafe(frames.reduce((size, { data }) => size + headerSize + data.length, 0));
  let at = 0;
  for (const { stream, data } of frames) {
    out.writeUInt32BE(stream * 0x1000000, at);
    out.writeUInt32BE(data.length, at + 4);
    out.set(data, at + headerSize);
    at += headerSize + data.length;
  }
  return out;
}

/**
 * Takes a multiplexed stream apart, however its bytes are cut. Payloads are passed on as they come, so a frame on
 * the wire may become several here and nothing is kept but a header's start.
 */
export class FrameDecoder {
  readonly #header = new Uint8Array(headerSize);
  #have = 0;
  #remaining = 0;

  /** Throws where the sender reported an error of its own (stream 3) or the bytes are no such stream. */
  push(chunk: Uint8Array): Frame[] {
    const frames: Frame[] = [];
    let at = 0;
    while (at < chunk.length) {
      if (this.#have < headerSize) {
        const part = chunk.subarray(at, at + headerSize - this.#have);
        this.#header.set(part, this.#have);
        this.#have += part.length;
        at += part.length;
        if (this.#have < headerSize) break;
        this.#remaining = new DataView(this.#header.buffer).getUint32(4);
      }
      if (this.#remaining > 0) {
        const data = chunk.subarray(at, at + this.#remaining);
        at += data.length;
        this.#remaining -= data.length;
        if (data.length > 0) frames.push({ stream: this.#stream(data), data });
      }
      if (this.#remaining === 0) this.#have = 0;
    }
    return frames;
  }

  /** True between two frames: the place where a stream may end. */
  get atBoundary(): boolean {
    return this.#have === 0;
  }

  #stream(data: Uint8Array): 1 | 2 {
    switch (this.#header[0]) {
      case 0:
      case 1:
        return stdoutStream;
      case 2:
        return stderrStream;
      case 3:
        throw internal(`error from daemon in stream: ${new TextDecoder().decode(data)}`);
      default:
        throw internal(`Unrecognized input header: ${this.#header[0]}`);
    }
  }
}

/** Frames of a multiplexed stream; throws where it ends within one. */
export async function* decodeFrames(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Frame> {
  const decoder = new FrameDecoder();
  for await (const chunk of chunks) yield* decoder.push(chunk);
  if (!decoder.atBoundary) throw internal("unexpected EOF");
}
