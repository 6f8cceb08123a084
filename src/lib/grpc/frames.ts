import { Code, GrpcError } from "./status.ts";

/** A message may be this long. */
const largestMessage = 16 << 20;

const prefix = 5;

/** Messages as they go over the wire, each with its length in front. */
export function joinMessages(messages: readonly Uint8Array[]): Buffer {
  let size = 0;
  for (const each of messages) size += prefix + each.length;
  const joined = Buffer.allocUnsafe(size);
  let at = 0;
  for (const each of messages) {
    joined[at] = 0;
    joined.writeUInt32BE(each.length, at + 1);
    joined.set(each, at + prefix);
    at += prefix + each.length;
  }
  return joined;
}

/** Takes messages out of chunks that begin and end anywhere. */
export class MessageSplitter {
  #chunks: Buffer[] = [];
  /** Bytes that wait for the rest of their message. */
  held = 0;
  #wanted = prefix;

  constructor(readonly largest = largestMessage) {}

  /** The messages that this chunk completes; those that lie within it are views of it. */
  push(chunk: Buffer): Uint8Array[] {
    const found: Uint8Array[] = [];
    let rest = chunk;
    if (this.held > 0) {
      this.#chunks.push(chunk);
      this.held += chunk.length;
      // A message of many chunks is put together once, when it is whole.
      if (this.held < this.#wanted) return found;
      rest = Buffer.concat(this.#chunks);
      this.#chunks = [];
    }
    this.#wanted = prefix;
    let at = 0;
    while (rest.length - at >= prefix) {
      const length = this.#lengthIn(rest, at);
      if (rest.length - at < prefix + length) {
        this.#wanted = prefix + length;
        break;
      }
      // A plain view is made in half the time of a Buffer's.
      found.push(new Uint8Array(rest.buffer, rest.byteOffset + at + prefix, length));
      at += prefix + length;
    }
    this.held = rest.length - at;
    if (this.held > 0) this.#chunks.push(rest.subarray(at));
    return found;
  }

  #lengthIn(bytes: Buffer, at: number): number {
    const flag = bytes[at];
    if (flag === 1) throw new GrpcError(Code.unimplemented, "compressed messages are not supported");
    if (flag !== 0) throw new GrpcError(Code.internal, `received a message with unexpected flag ${flag}`);
    const length = bytes.readUInt32BE(at + 1);
    if (length > this.largest) {
      throw new GrpcError(Code.resourceExhausted, `received message larger than max (${length} vs. ${this.largest})`);
    }
    return length;
  }
}
