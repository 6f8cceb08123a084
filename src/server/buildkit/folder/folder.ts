import { Packet, PacketType, type Stat } from "../../../api/buildkit/fsutil.ts";
import { stampOf } from "../../../builder/source/content-store.ts";
import { EntryTable } from "../../../builder/source/entries.ts";
import { resolve, type SourceEntry, type SourceTree } from "../../../builder/source/tree.ts";
import { Breath } from "../../../lib/breath.ts";
import { invalid } from "../../../lib/errors.ts";
import { decode, encode } from "../../../lib/protobuf.ts";
import { tarEntry } from "../../../lib/tar/entry.ts";
import type { Content } from "../../../linux/archive/options.ts";
import { permissionsOfMode, typeOfMode } from "./file-mode.ts";
import type { FolderList } from "./folder-list.ts";
import { ListOrder } from "./list-order.ts";

/** A regular file of the list, which may have several names. */
interface ListedFile {
  /** Place in the list, by which content is asked for. */
  number: number;
  path: string;
  /** How it looks as long as nobody touches it. */
  stamp: string;
  /** Of its content, where that is known; its size then too. */
  digest: string | undefined;
  size: number;
}

interface Held extends SourceEntry {
  file: ListedFile | undefined;
}

/** The content of one file while it comes. */
export interface Incoming {
  append(chunk: Uint8Array): void;
  /** SHA-256 of all that came, hex. */
  readonly digest: string;
  /** Bytes so far. */
  readonly size: number;
}

/** Where content is kept: `builder/source/content-store.ts`, or memory. */
export interface FolderStore<C extends Incoming> {
  known(path: string, stamp: string): string | undefined;
  file(): C;
  settle(files: readonly { path: string; stamp: string; content: C }[]): Promise<void>;
  readonly full: boolean;
  read(digest: string): AsyncIterable<Uint8Array>;
  stored(digest: string): Content | undefined;
}

/** A file whose content was asked for and is on its way. */
interface Coming<C> {
  file: ListedFile;
  content: C;
  /** All of it has come. */
  whole: boolean;
  done: PromiseWithResolvers<void>;
}

const longestPath = 4096;

/**
 * A folder of the client, by the protocol of `fsutil`: first the list of what is in it, then the content of those files
 * that somebody takes and that are not here from an earlier build.
 */
export class Folder<C extends Incoming> implements SourceTree {
  readonly #entries = new EntryTable<Held>((entry) => ({ ...entry, file: undefined }));
  /** By number: a client refuses to be asked for a file twice. */
  readonly #coming = new Map<number, Coming<C>>();
  #failure: { error: unknown } | undefined;

  private constructor(
    private readonly list: FolderList,
    private readonly store: FolderStore<C>,
  ) {}

  /** Looks into a list; content can be asked for then. Throws `invalid` where names lead out of the folder. */
  static async of<C extends Incoming>(list: FolderList, store: FolderStore<C>): Promise<Folder<C>> {
    const folder = new Folder(list, store);
    try {
      await folder.#readList();
    } catch (error) {
      list.call.cancel();
      throw error;
    }
    void folder.#readContent();
    return folder;
  }

  entry(path: string): SourceEntry | undefined {
    const held = this.#entries.get(path);
    // A file that grew while it was read is what came of it.
    if (held?.file) held.size = held.file.size;
    return held ?? this.#entries.entry(path);
  }

  children(path: string): string[] {
    return this.#entries.children(path);
  }

  async digest(path: string): Promise<string> {
    await this.learn([path]);
    return this.#entries.get(path)?.file?.digest ?? "";
  }

  async *read(path: string): AsyncGenerator<Uint8Array> {
    await this.learn([path]);
    const file = this.#entries.get(path)?.file;
    if (file?.digest !== undefined && file.size > 0) yield* this.store.read(file.digest);
  }

  stored(path: string): Content | undefined {
    const digest = this.#entries.get(path)?.file?.digest;
    return digest === undefined ? undefined : this.store.stored(digest);
  }

  /** Content of which the digest is known is here already. */
  ready(paths: readonly string[]): Promise<void> {
    return this.learn(paths);
  }

  async learn(paths: readonly string[]): Promise<void> {
    if (this.#failure) throw this.#failure.error;
    const waiting: Promise<void>[] = [];
    const requests: Uint8Array[] = [];
    for (const path of paths) {
      const file = this.#entries.get(path)?.file;
      if (!file || file.digest !== undefined) continue;
      let coming = this.#coming.get(file.number);
      if (!coming) {
        coming = { file, content: this.store.file(), whole: false, done: Promise.withResolvers() };
        coming.done.promise.catch(() => {});
        this.#coming.set(file.number, coming);
        requests.push(encode(Packet, { type: PacketType.request, id: file.number }));
      }
      waiting.push(coming.done.promise);
    }
    if (requests.length > 0) await this.list.call.send(requests);
    await Promise.all(waiting);
    if (this.#coming.size === 0) this.list.tell(true);
  }

  /** Text of a small file, where links are followed; undefined where there is none. */
  async text(path: string, limit = 4 * 1024 * 1024): Promise<string | undefined> {
    const real = resolve(this, path);
    const file = real === undefined ? undefined : this.#entries.get(real)?.file;
    if (real === undefined || !file) {
      await this.learn([]);
      return undefined;
    }
    if (file.size > limit) throw invalid(`${path} is larger than ${limit} bytes`);
    const chunks: Uint8Array[] = [];
    for await (const chunk of this.read(real)) chunks.push(chunk);
    return Buffer.concat(chunks).toString("utf8");
  }

  /** Paths of all regular files. */
  files(): Set<string> {
    return new Set(this.#entries.values().flatMap(({ file }) => (file ? [file.path] : [])));
  }

  /** Nothing more is asked for. */
  async close(): Promise<void> {
    await this.list.close(this.#failure !== undefined);
    this.#failure ??= { error: invalid("the folder is closed") };
  }

  async #readList(): Promise<void> {
    const order = new ListOrder();
    const breath = new Breath();
    for (const [number, packet] of this.list.packets.entries()) {
      if (breath.due) await breath.take();
      const { stat } = decode(Packet, packet);
      if (!stat) continue;
      if (stat.path.length >= longestPath)
        throw invalid(`the build context has names that are too long: ${JSON.stringify(stat.path.slice(0, 200))}`);
      order.next(stat.path, typeOfMode(stat.mode) === "directory");
      this.#keep(stat, number);
    }
    this.list.packets.splice(0);
  }

  #keep(stat: Stat, number: number): void {
    const { path } = stat;
    if (stat.size < 0) throw invalid(`the build context has ${JSON.stringify(path)} with a size of ${stat.size}`);
    const type = typeOfMode(stat.mode);
    if (type === undefined) return;
    const link = type === "file" && stat.linkname !== "";
    const entry = tarEntry({
      name: path,
      type: link ? "link" : type,
      mode: permissionsOfMode(stat.mode),
      uid: stat.uid,
      gid: stat.gid,
      mtime: Number(stat.modTime / 1_000_000_000n),
      mtimeNanos: Number(stat.modTime % 1_000_000_000n),
      size: type === "file" && !link ? stat.size : 0,
      linkName: stat.linkname,
      devMajor: stat.devMajor,
      devMinor: stat.devMinor,
      ...(stat.xattrs.size > 0 && { xattrs: stat.xattrs }),
    });
    const { size, mode } = stat;
    const stamp = stampOf({ size, mode, mtimeNs: stat.modTime });
    const file =
      entry.type === "file" ? { number, path, stamp, size, digest: this.store.known(path, stamp) } : undefined;
    this.#entries.keep(path, { ...entry, file });
  }

  async #readContent(): Promise<void> {
    let finished: Coming<C>[] = [];
    const settle = async () => {
      const files = finished;
      finished = [];
      await this.store.settle(files.map(({ file: { path, stamp }, content }) => ({ path, stamp, content })));
      for (const { file, content, done } of files) {
        file.size = content.size;
        file.digest = content.digest;
        this.#coming.delete(file.number);
        done.resolve();
      }
    };
    try {
      for (;;) {
        const packet = await this.list.next();
        if (!packet || packet.type === PacketType.finish) break;
        if (packet.type !== PacketType.data) throw invalid(`the client sent packet ${packet.type} after its list`);
        const coming = this.#coming.get(packet.id);
        if (!coming || coming.whole) throw invalid(`the client sent content that was not asked for (${packet.id})`);
        if (packet.data.length > 0) coming.content.append(packet.data.slice());
        else {
          coming.whole = true;
          finished.push(coming);
        }
        if (this.#coming.size === finished.length || finished.length >= 1000 || this.store.full) await settle();
      }
      throw invalid("the client ended the transfer of its files");
    } catch (error) {
      this.#failure ??= { error };
      for (const { done } of this.#coming.values()) done.reject(error);
      this.list.call.cancel();
    }
  }
}
