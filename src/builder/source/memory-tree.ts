import { tarEntry } from "../../lib/tar/entry.ts";
import type { Content } from "../../linux/archive/options.ts";
import { baseOf } from "./path.ts";
import type { SourceEntry, SourceTree } from "./tree.ts";

/** A flat tree of files given by content: here-documents. Whose time is not told is as old as the tree. */
export class MemoryTree implements SourceTree {
  readonly #mtime = Math.floor(Date.now() / 1000);
  readonly #files: Map<string, { content: Uint8Array; mode: number; mtime: number }>;

  constructor(files: Iterable<{ name: string; content: Uint8Array; mode?: number; mtime?: number }>) {
    this.#files = new Map(
      [...files].map((file) => [
        baseOf(file.name),
        { content: file.content, mode: file.mode ?? 0o644, mtime: file.mtime ?? this.#mtime },
      ]),
    );
  }

  entry(path: string): SourceEntry | undefined {
    if (path === "") return tarEntry({ name: "", type: "directory", mode: 0o755, mtime: this.#mtime });
    const file = this.#files.get(path);
    return file && tarEntry({ name: path, size: file.content.length, mode: file.mode, mtime: file.mtime });
  }

  children(path: string): string[] {
    return path === "" ? [...this.#files.keys()].sort() : [];
  }

  async *read(path: string): AsyncGenerator<Uint8Array> {
    const file = this.#files.get(path);
    if (file && file.content.length > 0) yield file.content;
  }

  stored(path: string): Content | undefined {
    const file = this.#files.get(path);
    return file && { bytes: file.content };
  }

  digest(path: string): string | undefined {
    const file = this.#files.get(path);
    return file && new Bun.CryptoHasher("sha256").update(file.content).digest("hex");
  }
}
