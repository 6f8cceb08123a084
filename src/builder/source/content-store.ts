import { existsSync, readdirSync, renameSync, rmSync, statSync, utimesSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { invalid } from "../../lib/errors.ts";
import { TarReader } from "../../lib/tar/reader.ts";
import type { Content } from "../../linux/archive/options.ts";
import { ListMemo } from "./list-memo.ts";
import { Spool } from "./spool.ts";

/** What is behind a name in an archive of content. */
export interface Expected {
  /** For messages. */
  path: string;
  digest: string;
  size: number;
}

/** Where content stands: the parts of it one after another, each its start and its size. */
type Place = readonly number[];

/** What is kept of a folder between builds, as it lies on disk. */
interface Kept {
  places: [digest: string, place: Place][];
  stamps: [path: string, Stamped][];
}

/** What a file was when its content came: as long as it looks the same, so does its content. */
interface Stamped {
  stamp: string;
  digest: string;
}

/** Content that no file of the folder has any more may take as much again, and this. */
const slackBytes = 64 * 1024 * 1024;

/**
 * Contents of the files that one client's folder sent, by digest, kept between builds so that only what changed is sent
 * again: one file that grows at its end, and a list of what stands where in it.
 */
export class ContentStore {
  #changed = false;
  #receiving: Promise<unknown> = Promise.resolve();

  private constructor(
    private readonly spool: Spool,
    private readonly list: string,
    /** Where the content ends that the list on disk knows of. */
    private readonly listed: number,
    private readonly places: Map<string, Place>,
    private readonly stamps: Map<string, Stamped>,
  ) {}

  static async open(directory: string): Promise<ContentStore> {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    const [file, list] = [join(directory, "content"), join(directory, "list.json")];
    const { places, stamps } = existsSync(file) ? await readList(list) : { places: [], stamps: [] };
    const kept = places.reduce((sum, [, place]) => sum + sizeOf(place), 0);
    const length = existsSync(file) ? statSync(file).size : 0;
    let listed = places.reduce((end, [, place]) => Math.max(end, endOf(place)), 0);
    // A list without its content, or content that outgrew its list, is no use: everything is sent once more.
    if (listed > length || length > 2 * kept + slackBytes) {
      places.splice(0);
      stamps.splice(0);
      listed = 0;
      // The list first: it must never be there beside content that it does not speak of.
      rmSync(list, { force: true });
      rmSync(file, { force: true });
    }
    return new ContentStore(await Spool.open(file), list, listed, new Map(places), new Map(stamps));
  }

  /** The digest of a file that was here before and looks as it did ({@link stampOf}). */
  known(path: string, stamp: string): string | undefined {
    const held = this.stamps.get(path);
    return held?.stamp === stamp && this.places.has(held.digest) ? held.digest : undefined;
  }

  /** Forgets files that the folder has no more. */
  keep(paths: ReadonlySet<string>): void {
    for (const path of this.stamps.keys()) {
      if (paths.has(path)) continue;
      this.stamps.delete(path);
      this.#changed = true;
    }
  }

  has(digest: string): boolean {
    return this.places.has(digest);
  }

  async *read(digest: string): AsyncGenerator<Uint8Array> {
    const place = this.places.get(digest);
    if (!place) throw new Error(`no content ${digest}`);
    for (let part = 0; part < place.length; part += 2) yield* this.spool.read(place[part] ?? 0, place[part + 1] ?? 0);
  }

  /** Where {@link read} takes it from. */
  stored(digest: string): Content | undefined {
    const parts = this.places.get(digest);
    return parts && { file: this.spool.path, parts };
  }

  /** Whether enough has gathered to be worth a {@link settle}. */
  get full(): boolean {
    return this.spool.full;
  }

  /** Takes the content of one file in, which may come in parts among those of others. */
  file(): ContentFile {
    return new ContentFile(this.spool);
  }

  /**
   * Content that was taken in whole is there to be read once this resolves. `path` and `stamp`: by which the file is
   * known when it comes unchanged another time.
   */
  async settle(files: readonly { path: string; stamp: string; content: ContentFile }[]): Promise<void> {
    await this.spool.flush();
    for (const { path, stamp, content } of files) {
      if (!this.places.has(content.digest)) this.places.set(content.digest, content.place);
      this.stamps.set(path, { stamp, digest: content.digest });
    }
    this.#changed ||= files.length > 0;
  }

  /**
   * Takes a tar stream of contents in. `expected` tells by a member's name what it should be; `arrived` is told of each
   * that is there to be read. Throws `invalid` where one is something else. One stream at a time; others wait.
   */
  receive(
    source: AsyncIterable<Uint8Array>,
    expected: (name: string) => Expected | undefined,
    arrived: (digests: string[]) => void,
  ): Promise<void> {
    const received = this.#receiving.then(() => this.#receive(source, expected, arrived));
    this.#receiving = received.catch(() => {});
    return received;
  }

  async #receive(
    source: AsyncIterable<Uint8Array>,
    expected: (name: string) => Expected | undefined,
    arrived: (digests: string[]) => void,
  ): Promise<void> {
    const { spool, places } = this;
    let hasher = new Bun.CryptoHasher("sha256");
    let at = 0;
    let fresh: [string, Place][] = [];
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
        if (spool.size - at !== file.size || hasher.digest("hex") !== file.digest)
          throw invalid(`${file.path} changed while it was sent: build again`);
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

  /** Nobody uses it any more: writes the list. `live`: digests that are worth keeping. */
  async close(live: ReadonlySet<string>): Promise<void> {
    try {
      await this.#receiving;
      if (!this.#changed) return await this.spool.truncate(this.listed);
      await this.spool.sync();
      await this.#writeList(live);
    } catch {
      // The list of before still holds; what came since is given back to a disk that may be full.
      await this.spool.truncate(this.listed).catch(() => {});
      rmSync(`${this.list}.new`, { force: true });
    } finally {
      await this.spool.close();
    }
  }

  async #writeList(live: ReadonlySet<string>): Promise<void> {
    const stamps = [...this.stamps];
    const alive = new Set([...live, ...stamps.map(([, { digest }]) => digest)]);
    const kept: Kept = { places: [...this.places].filter(([digest]) => alive.has(digest)), stamps };
    await Bun.write(`${this.list}.new`, JSON.stringify(kept));
    renameSync(`${this.list}.new`, this.list);
  }
}

/** The content of one file while it comes. */
export class ContentFile {
  readonly #place: number[] = [];
  readonly #hasher = new Bun.CryptoHasher("sha256");
  #digest: string | undefined;
  /** Bytes so far. */
  size = 0;

  constructor(private readonly spool: Spool) {}

  /** Keeps the chunk itself: it must not change afterwards. */
  append(chunk: Uint8Array): void {
    const last = this.#place.length - 2;
    const at = this.spool.size;
    if (last >= 0 && (this.#place[last] ?? 0) + (this.#place[last + 1] ?? 0) === at)
      this.#place[last + 1] = (this.#place[last + 1] ?? 0) + chunk.length;
    else this.#place.push(at, chunk.length);
    this.spool.append(chunk);
    this.#hasher.update(chunk);
    this.size += chunk.length;
  }

  /** SHA-256 of what has come, hex: nothing more comes. */
  get digest(): string {
    this.#digest ??= this.#hasher.digest("hex");
    return this.#digest;
  }

  get place(): Place {
    return this.#place;
  }
}

/** How a file looks that nothing has touched. */
export function stampOf(file: { size: number; mode: number; mtimeNs: bigint }): string {
  return [file.size, file.mode, file.mtimeNs].join(" ");
}

function sizeOf(place: Place): number {
  return place.reduce((sum, value, index) => sum + (index % 2 === 1 ? value : 0), 0);
}

function endOf(place: Place): number {
  return place.reduce(
    (end, value, index) => (index % 2 === 1 ? Math.max(end, (place[index - 1] ?? 0) + value) : end),
    0,
  );
}

/** A list that cannot be read is as good as none. */
async function readList(path: string): Promise<Kept> {
  try {
    const { places, stamps }: Kept = await Bun.file(path).json();
    if (places.every(isPlaced) && stamps.every(isStamped)) return { places, stamps };
    return { places: [], stamps: [] };
  } catch {
    return { places: [], stamps: [] };
  }
}

function isPlaced([digest, place]: [unknown, unknown]): boolean {
  return (
    typeof digest === "string" &&
    Array.isArray(place) &&
    place.length % 2 === 0 &&
    place.every((each) => Number.isSafeInteger(each) && each >= 0)
  );
}

function isStamped([path, { stamp, digest }]: [unknown, { stamp: unknown; digest: unknown }]): boolean {
  return typeof path === "string" && typeof stamp === "string" && typeof digest === "string";
}

/** What is kept of one folder's content from earlier builds. `inUse`: a build works with it now. */
export interface ContentRecord {
  id: string;
  /** Bytes on disk. */
  size: number;
  lastUsedAt: Date;
  inUse: boolean;
}

/** A store that builds use. */
interface OpenStore {
  store: Promise<ContentStore>;
  users: number;
  /** Digests that any of them holds worth keeping. */
  live: Set<string>;
  /** Of its end; null: it is still in use. */
  closing: Promise<void> | null;
}

/** The content stores of all folders that builds were sent from, below one directory. */
export class ContentStores {
  readonly #open = new Map<string, OpenStore>();

  constructor(private readonly directory: string) {}

  /** Builds of one folder that run at the same time share its store. `live`: digests of the folder as it is now. */
  async open(id: string, live: ReadonlySet<string>): Promise<{ store: ContentStore } & AsyncDisposable> {
    for (;;) {
      const open = this.#open.get(id) ?? {
        store: ContentStore.open(join(this.directory, id)),
        users: 0,
        live: new Set(),
        closing: null,
      };
      this.#open.set(id, open);
      if (open.closing) {
        await open.closing;
        continue;
      }
      open.users++;
      for (const digest of live) open.live.add(digest);
      try {
        return { store: await open.store, [Symbol.asyncDispose]: () => this.#leave(id, open) };
      } catch (error) {
        if (this.#open.get(id) === open) this.#open.delete(id);
        throw error;
      }
    }
  }

  /** What is remembered of a folder's lists. */
  memo(id: string): ListMemo {
    return ListMemo.open(join(this.directory, id, "lists.json"));
  }

  /** The last user closes the store; whoever comes meanwhile opens it anew. */
  async #leave(id: string, open: OpenStore): Promise<void> {
    if (--open.users > 0) return;
    open.closing = open.store
      .then((store) => store.close(open.live))
      .then(() => utimesSync(join(this.directory, id), new Date(), new Date()))
      .finally(() => this.#open.delete(id));
    await open.closing;
  }

  list(): ContentRecord[] {
    if (!existsSync(this.directory)) return [];
    return readdirSync(this.directory).map((id) => {
      const directory = join(this.directory, id);
      const size = readdirSync(directory).reduce(
        (sum, name) => sum + (statSync(join(directory, name), { throwIfNoEntry: false })?.blocks ?? 0) * 512,
        0,
      );
      return { id, size, lastUsedAt: statSync(directory).mtime, inUse: this.#open.has(id) };
    });
  }

  /** Forgets a folder's content, unless a build uses it. */
  remove(id: string): void {
    if (!this.#open.has(id)) rmSync(join(this.directory, id), { recursive: true, force: true });
  }
}
