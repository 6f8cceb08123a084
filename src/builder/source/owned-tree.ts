import type { SourceEntry, SourceTree } from "./tree.ts";

/** What a file is shown as in place of what it says of itself. */
export interface ShownFile {
  name: string;
  mode: number;
  uid: number;
  gid: number;
}

/** A tree of one file under another name, with other rights. */
export class OwnedTree implements SourceTree {
  constructor(
    private readonly tree: SourceTree,
    private readonly file: string,
    private readonly shown: ShownFile,
  ) {}

  entry(path: string): SourceEntry | undefined {
    if (path === "") return this.tree.entry("");
    if (path !== this.shown.name) return undefined;
    const entry = this.tree.entry(this.file);
    const { mode, uid, gid } = this.shown;
    return entry && { ...entry, mode, uid, gid };
  }

  children(path: string): string[] {
    return path === "" ? [this.shown.name] : [];
  }

  async *read(path: string): AsyncGenerator<Uint8Array> {
    if (path === this.shown.name) yield* this.tree.read(this.file);
  }

  digest(path: string, signal: AbortSignal): string | undefined | Promise<string> {
    return path === this.shown.name ? this.tree.digest(this.file, signal) : undefined;
  }
}
