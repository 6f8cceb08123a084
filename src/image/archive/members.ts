import { readFile } from "node:fs/promises";
import { join, posix } from "node:path";
import { invalid } from "../../lib/errors.ts";
import type { Member } from "../../linux/archive/jobs.ts";

const JSON_LIMIT = 32 * 1024 * 1024;

/** An image archive that was taken apart: its files by the names that they had. */
export class ArchiveFiles {
  readonly #members = new Map<string, Member>();

  constructor(
    private readonly dir: string,
    members: readonly Member[],
  ) {
    // As with any extraction, the last of a name counts.
    for (const member of members) this.#members.set(clean(member.name), member);
  }

  has(name: string): boolean {
    return this.#find(name) !== undefined;
  }

  /** A regular file; links are followed (old archives share layers so). */
  file(name: string): { path: string; digest: string; size: number } {
    const member = this.#find(name);
    if (member?.file === undefined || member.digest === undefined)
      throw invalid(`open ${name}: no such file in archive`);
    return { path: join(this.dir, member.file), digest: member.digest, size: member.size };
  }

  async read(name: string): Promise<Uint8Array> {
    const { path, size } = this.file(name);
    if (size > JSON_LIMIT) throw invalid(`${name} in archive is too big`);
    return readFile(path);
  }

  #find(name: string): Member | undefined {
    let at = clean(name);
    for (let hops = 0; hops < 10; hops++) {
      const member = this.#members.get(at);
      if (member?.type === "symlink") at = clean(posix.join(posix.dirname(at), member.linkName));
      else if (member?.type === "link") at = clean(member.linkName);
      else return member?.type === "file" ? member : undefined;
    }
    return undefined;
  }
}

function clean(name: string): string {
  return posix.normalize(`/${name}`).slice(1).replace(/\/$/, "");
}
