import { type TarEntry, TarError, weightOf } from "../../lib/tar/entry.ts";
import { type TarHandler, TarReader } from "../../lib/tar/reader.ts";
import { close, O, openAt, openDir } from "../at.ts";
import { check, libc } from "../syscall.ts";
import { plain } from "./extract.ts";
import { HoleWriter } from "./holes.ts";
import type { Member } from "./jobs.ts";
import { SpaceGuard } from "./space.ts";
import { checkStopped, type Stopped } from "./stop.ts";

/** An image archive has a few members for each layer. */
const MAX_MEMBERS = 100_000;
/** Bytes of their names in memory. */
const MAX_WEIGHT = 64 * 1024 * 1024;

/**
 * Takes an archive apart: each regular file goes into `dir` under a number, with its digest computed on the way; other
 * members are listed only. The names in the archive never become paths.
 */
export async function unpackMembers(
  source: AsyncIterable<Uint8Array>,
  dir: string,
  maxBytes: number | undefined,
  stopped: Stopped,
): Promise<Member[]> {
  const fd = openDir(dir);
  try {
    using writer = new MemberWriter(fd, maxBytes);
    const reader = new TarReader(writer);
    for await (const chunk of await plain(source, "auto")) {
      checkStopped(stopped);
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
  #algorithm: "sha256" | "sha512" = "sha256";
  #hash = new Bun.CryptoHasher("sha256");
  #file = -1;
  #weight = 0;
  #holes = new HoleWriter(-1);

  constructor(
    private readonly dir: number,
    maxBytes: number | undefined,
  ) {
    this.#space = new SpaceGuard(dir, maxBytes);
  }

  entry(entry: TarEntry): void {
    this.#weight += weightOf(entry);
    if (this.members.length >= MAX_MEMBERS || this.#weight > MAX_WEIGHT)
      throw new TarError("archive has too many entries");
    const { name, type, linkName, size } = entry;
    const member: Member = { name, type, linkName, size };
    if (type === "file") {
      if (entry.sparse) throw new TarError(`sparse member in archive: ${JSON.stringify(name)}`);
      member.file = String(this.members.length);
      // An image layout names content by the algorithm of its digest.
      this.#algorithm = /^(\.\/)?blobs\/sha512\//.test(name) ? "sha512" : "sha256";
      this.#hash = new Bun.CryptoHasher(this.#algorithm);
      this.#file = openAt(this.dir, member.file, O.WRONLY | O.CREAT | O.EXCL, 0o600);
      this.#holes = new HoleWriter(this.#file);
    }
    this.members.push(member);
  }

  data(chunk: Uint8Array, offset: number): void {
    if (this.#file < 0) return;
    this.#space.take(chunk.length, this.#holes.write(chunk, offset));
    this.#hash.update(chunk);
  }

  end(): void {
    const member = this.members.at(-1);
    if (this.#file < 0 || !member) return;
    check(libc.ftruncate64(this.#file, member.size), "ftruncate", member.name);
    member.digest = `${this.#algorithm}:${this.#hash.digest("hex")}`;
    close(this.#file);
    this.#file = -1;
  }

  [Symbol.dispose](): void {
    if (this.#file >= 0) close(this.#file);
  }
}
