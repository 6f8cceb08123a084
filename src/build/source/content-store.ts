import { existsSync, readdirSync, renameSync, rmSync, statSync, utimesSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { invalid } from "../../lib/errors.ts";
import { TarReader } from "../../lib/tar/reader.ts";
import { Spool } from "./spool.ts";

/** What is behind a name in an archive of content. */
export interface Expected {
  /** For messages. */
  path: string;
  digest: string;
  size: number;
}

/** Content that no file of the folder has any more may take as much again, and this. */
const slackBytes = 64 * 1024 * 1024;

/**
 * Contents of the files that one client's folder sent, by digest, kept between builds so that only what changed is sent
 * again: one file that grows at its end, and a list of what stands where in it.
 */
export class ContentStore {
  #users = 0;
  #changed = false;
  #receiving: Promise<unknown> = Promise.resolve();

  private constructor(private readonly spool: Spool, private readonly list: string, private readonly places: Map<string, [at: number, size: number]>) {}

  static async open(directory: string): Promise<ContentStore> {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    const [file, list] = [join(directory, "content"), join(directory, "list.json")];
    const places = existsSync(file) ? await readList(list) : new Map<string, [number, number]>();
    const kept = places.values().reduce((sum, [, size]) => sum + size, 0);
    const length = existsSync(file) ? statSync(file).size : 0;
    // A list without its content, or content that outgrew its list, is no use: everything is sent once more.
    if (places.values().some(([at, size]) => at + size > length) || length > 2 * kept + slackBytes) {
      places.clear();
      rmSync(file, { force: true });
    }
    return new ContentStore(await Spool.open(file), list, places);
  }

  has(digest: string): boolean {
    return this.places.has(digest);
  }

  async *read(digest: string): AsyncGenerator<Uint8Array> {
    const place = this.places.get(digest);
    if (!place) throw new Error(`no content ${digest}`);
    yield* this.spool.read(...place);
  }

  /**
   * Takes a tar stream of contents in. `expected` tells by a member's name what it should be; `arrived` is told of each
   * that is there to be read. Throws `invalid` where one is something else. One stream at a time; others wait.
   */
  receive(source: AsyncIterable<Uint8Array>, expected: (name: string) => Expected | undefined, arrived: (digests: string[]) => void): Promise<void> {
    const received = this.#receiving.then(() => this.#receive(source, expected, arrived));
    this.#receiving = received.catch(() => {});
    return received;
  }

  async #receive(source: AsyncIterable<Uint8Array>, expected: (name: string) => Expected | undefined, arrived: (digests: string[]) => void): Promise<void> {
    const { spool, places } = this;
    let hasher = new Bun.CryptoHasher("sha256");
    let at = 0;
    let fresh: [string, [number, number]][] = [];
    const reader = new TarReader({
      entry: () => {
        hasher = new Bun.CryptoHasher("sha256");
        at = spool.size;
      },
      data: (chunk) => {
        spool.append(chunk.slice());
        hasher.update(chunk);
      },
      end: ({ name }) => {
        const file = expected(name);
        if (!file) throw invalid(`content ${JSON.stringify(name)} was not asked for`);
        if (spool.size - at !== file.size || hasher.digest("hex") !== file.digest) throw invalid(`${file.path} changed while it was sent: build again`);
        fresh.push([file.digest, [at, file.size]]);
      },
    });
    const settle = async () => {
      await spool.flush();
      for (const [digest, place] of fresh) places.set(digest, place);
      this.#changed ||= fresh.length > 0;
      const digests = fresh.map(([digest]) => digest);
      fresh = [];
      if (digests.length > 0) arrived(digests);
    };
    for await (const chunk of source) {
      reader.write(chunk);
      if (spool.full) await settle();
    }
    await settle();
    reader.end();
  }

  use(): void { this.#users++; }

  /** Of the last user's end, the list is written. `live`: digests that are worth keeping. True: nobody uses it any more. */
  async release(live: ReadonlySet<string>): Promise<boolean> {
    if (--this.#users > 0) return false;
    await this.#receiving;
    if (this.#users > 0) return false;
    if (this.#changed) {
      await this.spool.sync();
      await Bun.write(`${this.list}.new`, JSON.stringify([...this.places].filter(([digest]) => live.has(digest))));
      renameSync(`${this.list}.new`, this.list);
    }
    await this.spool.close();
    return true;
  }
}

/** A list that cannot be read is as good as none. */
async function readList(path: string): Promise<Map<string, [number, number]>> {
  try {
    const value: [string, [number, number]][] = await Bun.file(path).json();
    return new Map(value);
  } catch {
    return new Map();
  }
}

export interface ContentRecord {
  id: string;
  /** Bytes on disk. */
  size: number;
  lastUsedAt: Date;
  inUse: boolean;
}

/** The content stores of all folders that builds were sent from, below one directory. */
export class ContentStores {
  readonly #open = new Map<string, Promise<ContentStore>>();

  constructor(private readonly directory: string) {}

  /** Builds of one folder that run at the same time share its store. `live`: digests of the folder as it is now. */
  async open(id: string, live: ReadonlySet<string>): Promise<{ store: ContentStore } & AsyncDisposable> {
    const opening = this.#open.get(id) ?? ContentStore.open(join(this.directory, id));
    this.#open.set(id, opening);
    const store = await opening.catch((error: unknown) => {
      this.#open.delete(id);
      throw error;
    });
    store.use();
    return {
      store,
      [Symbol.asyncDispose]: async () => {
        if (await store.release(live)) this.#open.delete(id);
        utimesSync(join(this.directory, id), new Date(), new Date());
      },
    };
  }

  list(): ContentRecord[] {
    if (!existsSync(this.directory)) return [];
    return readdirSync(this.directory).map((id) => {
      const directory = join(this.directory, id);
      const size = readdirSync(directory).reduce((sum, name) => sum + (statSync(join(directory, name), { throwIfNoEntry: false })?.blocks ?? 0) * 512, 0);
      return { id, size, lastUsedAt: statSync(directory).mtime, inUse: this.#open.has(id) };
    });
  }

  /** Forgets a folder's content, unless a build uses it. */
  remove(id: string): void {
    if (!this.#open.has(id)) rmSync(join(this.directory, id), { recursive: true, force: true });
  }
}
