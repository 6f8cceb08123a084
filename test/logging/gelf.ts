import { createSocket, type Socket } from "node:dgram";
import { gunzipSync, inflateSync } from "node:zlib";
import { freePort } from "../harness.ts";

/** A receiver of GELF by UDP: puts chunks together and unpacks. */
export class GelfReceiver implements AsyncDisposable {
  readonly port = freePort();
  readonly messages: { text: string; chunks: number; packing: "gzip" | "zlib" | "none" }[] = [];
  readonly #chunks = new Map<string, Buffer[]>();
  readonly #socket: Socket = createSocket("udp4");

  async start(): Promise<void> {
    this.#socket.on("message", (packet) => this.#take(packet));
    await new Promise<void>((resolve) => this.#socket.bind(this.port, "127.0.0.1", resolve));
  }

  #take(packet: Buffer): void {
    if (packet.readUInt16BE(0) !== 0x1e0f) return this.#unpack(packet, 1);
    const id = packet.toString("hex", 2, 10);
    const [at = 0, count = 0] = packet.subarray(10, 12);
    const parts = this.#chunks.get(id) ?? [];
    this.#chunks.set(id, parts);
    parts[at] = packet.subarray(12);
    if (parts.filter(Boolean).length === count) this.#unpack(Buffer.concat(parts), count);
  }

  #unpack(bytes: Buffer, chunks: number): void {
    const head = bytes.readUInt16BE(0);
    if (head === 0x1f8b) this.messages.push({ text: gunzipSync(bytes).toString(), chunks, packing: "gzip" });
    else if (bytes[0] === 0x78) this.messages.push({ text: inflateSync(bytes).toString(), chunks, packing: "zlib" });
    else this.messages.push({ text: bytes.toString(), chunks, packing: "none" });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket.close();
  }
}
