import { mkdir, open, opendir, rename, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { hasCode } from "../../lib/errors.ts";
import { isDigest } from "../names.ts";
import type { BlobStorage, ByteRange, StoredBlob } from "./storage.ts";

/** Blobs as plain files under `root`, on the same filesystem as the uploads that become them. */
export class FilesystemStorage implements BlobStorage {
  readonly #known = new Set<string>();

  constructor(private readonly root: string) {}

  async put(digest: string, file: string, size: number): Promise<void> {
    const path = this.#path(digest);
    if ((await this.size(digest)) === size) return await rm(file, { force: true });
    await this.#makeFolder(dirname(path));
    await sync(file);
    await rename(file, path);
    await sync(dirname(path));
  }

  async size(digest: string): Promise<number | undefined> {
    try {
      return (await stat(this.#path(digest))).size;
    } catch (error) {
      if (hasCode(error, "ENOENT")) return undefined;
      throw error;
    }
  }

  async body(digest: string, range?: ByteRange): Promise<Blob> {
    const file = Bun.file(this.#path(digest));
    return range ? file.slice(range.start, range.end + 1) : file;
  }

  async read(digest: string, limit: number): Promise<Uint8Array | undefined> {
    const size = await this.size(digest);
    if (size === undefined || size > limit) return undefined;
    return await Bun.file(this.#path(digest)).bytes();
  }

  async remove(digest: string): Promise<void> {
    await rm(this.#path(digest), { force: true });
  }

  async *list(): AsyncIterable<StoredBlob> {
    for await (const algorithm of names(this.root)) {
      for await (const shard of names(join(this.root, algorithm))) {
        for await (const hex of names(join(this.root, algorithm, shard))) {
          const digest = `${algorithm}:${hex}`;
          if (!isDigest(digest)) continue;
          try {
            yield { digest, size: (await stat(this.#path(digest))).size };
          } catch (error) {
            if (!hasCode(error, "ENOENT")) throw error;
          }
        }
      }
    }
  }

  #path(digest: string): string {
    const [algorithm = "", hex = ""] = digest.split(":");
    return join(this.root, algorithm, hex.slice(0, 2), hex);
  }

  /** A new folder must be synced into its parent, or a power cut loses it with all that it holds. */
  async #makeFolder(folder: string): Promise<void> {
    if (this.#known.has(folder)) return;
    await mkdir(folder, { recursive: true });
    await sync(dirname(folder));
    await sync(dirname(dirname(folder)));
    this.#known.add(folder);
  }
}

/** fsync of a file or folder. */
async function sync(path: string): Promise<void> {
  const handle = await open(path, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function* names(folder: string): AsyncIterable<string> {
  try {
    for await (const entry of await opendir(folder)) yield entry.name;
  } catch (error) {
    if (!hasCode(error, "ENOENT", "ENOTDIR")) throw error;
  }
}
