import { tarEntry } from "../../lib/tar/entry.ts";
import type { SourceEntry, SourceTree } from "./tree.ts";

/** A file of the host that is to be seen under `name`. `size` in bytes, `mode` its permission bits. */
export interface SingleFile {
  name: string;
  /** Where its content is on the host. */
  path: string;
  size: number;
  /** Hexadecimal SHA-256. */
  sha256: string;
  mode: number;
  /** Seconds since 1970. */
  mtime: number;
}

/** A tree of one file, whose content lies in a file of the host that does not change. */
export class FileTree implements SourceTree {
  constructor(private readonly file: SingleFile) {}

  entry(path: string): SourceEntry | undefined {
    if (path === "") return tarEntry({ name: "", type: "directory", mode: 0o755, mtime: this.file.mtime });
    const { name, size, mode, mtime } = this.file;
    return path === name ? tarEntry({ name, size, mode, mtime }) : undefined;
  }

  children(path: string): string[] {
    return path === "" ? [this.file.name] : [];
  }

  async *read(path: string): AsyncGenerator<Uint8Array> {
    if (path === this.file.name) yield* Bun.file(this.file.path).stream();
  }

  digest(path: string): string | undefined {
    return path === this.file.name ? this.file.sha256 : undefined;
  }
}
