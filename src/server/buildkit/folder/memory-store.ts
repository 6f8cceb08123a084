import { invalid } from "../../../lib/errors.ts";
import type { Content } from "../../../linux/archive/options.ts";
import type { FolderStore, Incoming } from "./folder.ts";

const most = 16 * 1024 * 1024;

/** Keeps the few small files of a folder that are read as texts, for as long as that takes. */
export class MemoryStore implements FolderStore<MemoryFile> {
  readonly full = false;
  readonly #files = new Map<string, Uint8Array>();

  known(): undefined {
    return undefined;
  }

  file(): MemoryFile {
    return new MemoryFile();
  }

  async settle(files: readonly { content: MemoryFile }[]): Promise<void> {
    for (const { content } of files) this.#files.set(content.digest, content.bytes);
  }

  stored(digest: string): Content | undefined {
    const bytes = this.#files.get(digest);
    return bytes && { bytes };
  }

  async *read(digest: string): AsyncGenerator<Uint8Array> {
    const content = this.#files.get(digest);
    if (content) yield content;
  }
}

class MemoryFile implements Incoming {
  readonly #chunks: Uint8Array[] = [];
  size = 0;

  append(chunk: Uint8Array): void {
    this.size += chunk.length;
    if (this.size > most) throw invalid(`a file that is read as text is larger than ${most} bytes`);
    this.#chunks.push(chunk);
  }

  get bytes(): Uint8Array {
    return Buffer.concat(this.#chunks);
  }

  get digest(): string {
    return new Bun.CryptoHasher("sha256").update(this.bytes).digest("hex");
  }
}
