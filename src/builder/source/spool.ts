import { type FileHandle, open } from "node:fs/promises";
import { SpaceGuard } from "../../linux/archive/space.ts";

const bufferBytes = 4 * 1024 * 1024;

/** A file that content is appended to, in large writes, and read from anywhere. */
export class Spool {
  #pending: Uint8Array[] = [];
  #pendingBytes = 0;
  #flushing: Promise<unknown> = Promise.resolve();
  /** Why nothing more is written: what came after it would not stand where it was said to. */
  #failure: { error: unknown } | undefined;
  /** Watches over the room on the disk. */
  readonly space: SpaceGuard;

  private constructor(
    private readonly file: FileHandle,
    readonly path: string,
    private written: number,
  ) {
    this.space = new SpaceGuard(file.fd);
  }

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

  /** Whether something could not be written. */
  get failed(): boolean {
    return this.#failure !== undefined;
  }

  /** Keeps the chunk itself: it must not change afterwards. */
  append(chunk: Uint8Array): void {
    this.#pending.push(chunk);
    this.#pendingBytes += chunk.length;
  }

  /** Resolves when all that was appended is in the file. What was wrong once is so for ever. */
  async flush(): Promise<void> {
    const [chunks, bytes] = [this.#pending, this.#pendingBytes];
    this.#pending = [];
    this.#pendingBytes = 0;
    this.written += bytes;
    if (bytes > 0) this.#flushing = this.#flushing.then(() => this.#write(chunks, bytes));
    await this.#flushing;
    if (this.#failure) throw this.#failure.error;
  }

  async #write(chunks: readonly Uint8Array[], bytes: number): Promise<void> {
    if (this.#failure) return;
    try {
      this.space.take(bytes);
      let { bytesWritten: done } = await this.file.writev(chunks);
      // On a disk that fills up the system takes less than it was given, and says why the next time.
      for (const whole = done < bytes ? Buffer.concat(chunks) : undefined; whole && done < bytes; )
        done += (await this.file.write(whole.subarray(done))).bytesWritten;
    } catch (error) {
      this.#failure = { error };
    }
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

  /** Gives back what stands behind so many bytes. */
  async truncate(bytes: number): Promise<void> {
    await this.#flushing;
    await this.file.truncate(bytes);
  }

  async close(): Promise<void> {
    await this.file.close().catch(() => {});
  }
}
