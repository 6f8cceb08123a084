import { TarReader, type TarHandler } from "../../lib/tar/reader.ts";
import { TarError, type TarEntry } from "../../lib/tar/entry.ts";
import { close, O, openAt, openDir, writeAll } from "../at.ts";
import { plain } from "./extract.ts";
import type { Member } from "./jobs.ts";
import { SpaceGuard } from "./space.ts";

/** An image archive has a few members for each layer. */
const MAX_MEMBERS = 100_000;

/**
 * Takes an archive apart: each regular file goes into `dir` under a number, with its digest computed on the way; other
 * members are listed only. The names in the archive never become paths.
 */
export async function unpackMembers(source: AsyncIterable<Uint8Array>, dir: string, maxBytes: number | undefined, stopped: () => boolean): Promise<Member[]> {
  const fd = openDir(dir);
  try {
    using writer = new MemberWriter(fd, maxBytes);
    const reader = new TarReader(writer);
    for await (const chunk of await plain(source, "auto")) {
      if (stopped()) throw new DOMException("The operation was aborted.", "AbortError");
      reader.write(chunk);
    }
    reader.end();
    return writer.members;
  } finally {
    close(fd);
  }
}

class MemberWriter implements TarHandler, Disposable {
  readonly members: Member[] = [];
  readonly #space: SpaceGuard;
  #hash = new Bun.CryptoHasher("sha256");
  #file = -1;

  constructor(private readonly dir: number, maxBytes: number | undefined) {
    this.#space = new SpaceGuard(dir, maxBytes);
  }

  entry(entry: TarEntry): void {
    if (this.members.length >= MAX_MEMBERS) throw new TarError("archive has too many entries");
    const { name, type, linkName, size } = entry;
    const member: Member = { name, type, linkName, size };
    if (type === "file") {
      if (entry.sparse) throw new TarError(`sparse member in archive: ${JSON.stringify(name)}`);
      member.file = String(this.members.length);
      this.#hash = new Bun.CryptoHasher("sha256");
      this.#file = openAt(this.dir, member.file, O.WRONLY | O.CREAT | O.EXCL, 0o600);
    }
    this.members.push(member);
  }

  data(chunk: Uint8Array, offset: number): void {
    if (this.#file < 0) return;
    this.#space.take(chunk.length);
    this.#hash.update(chunk);
    writeAll(this.#file, chunk, offset);
  }

  end(): void {
    const member = this.members.at(-1);
    if (this.#file < 0 || !member) return;
    member.digest = `sha256:${this.#hash.digest("hex")}`;
    close(this.#file);
    this.#file = -1;
  }

  [Symbol.dispose](): void {
    if (this.#file >= 0) close(this.#file);
  }
}
