import { open, type FileHandle } from "node:fs/promises";

const bufferBytes = 4 * 1024 * 1024;

/** A file that content is appended to, in large writes, and read from anywhere. One writer at a time. */
export class Spool {
  #pending: Uint8Array[] = [];
  #pendingBytes = 0;

  private constructor(private readonly file: FileHandle, readonly path: string, private written: number) {}

  /** Opens what is there, or makes an empty one. */
  static async open(path: string): Promise<Spool> {
    const file = await open(path, "a+", 0o600);
    return new Spool(file, path, (await file.stat()).size);
  }

  /** Bytes in all: where the next one will stand. */
  get size(): number {
    return this.written + this.#pendingBytes;
  }

  /** Whether enough has gathered for a {@link flush}. */
  get full(): boolean {
    return this.#pendingBytes >= bufferBytes;
  }

  /** Keeps the chunk itself: it must not change afterwards. */
  append(chunk: Uint8Array): void {
    this.#pending.push(chunk);
    this.#pendingBytes += chunk.length;
  }

  async flush(): Promise<void> {
    const [chunks, bytes] = [this.#pending, this.#pendingBytes];
    this.#pending = [];
    this.#pendingBytes = 0;
    if (bytes === 0) return;
    this.written += bytes;
    await this.file.writev(chunks);
  }

  /** Content that was flushed. */
  async *read(at: number, size: number): AsyncGenerator<Uint8Array> {
    for (let done = 0; done < size; ) {
      const buffer = new Uint8Array(Math.min(size - done, 256 * 1024));
      const { bytesRead } = await this.file.read(buffer, 0, buffer.length, at + done);
      if (bytesRead === 0) throw new Error(`the scratch file ${this.path} is shorter than its index`);
      done += bytesRead;
      yield bytesRead === buffer.length ? buffer : buffer.subarray(0, bytesRead);
    }
  }

  /** Returns when all of it is on the disk. */
  async sync(): Promise<void> {
    await this.flush();
    await this.file.datasync();
  }

  async close(): Promise<void> {
    await this.file.close().catch(() => {});
  }
}
