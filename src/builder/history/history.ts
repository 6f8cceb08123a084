import { existsSync, mkdirSync, rmSync, statSync } from "node:fs";
import { rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { BuildHistoryEventType, BuildHistoryRecord } from "../../api/buildkit/history.ts";
import { notFound } from "../../lib/errors.ts";
import { newId } from "../../lib/ids.ts";
import { namesIn } from "../../lib/names-in.ts";
import { decode, encode, type Input } from "../../lib/protobuf.ts";
import { digestOf } from "../../oci/digest.ts";
import type { Store } from "../../store/store.ts";
import {
  addEnded,
  type EndedBuild,
  endedFiles,
  findEnded,
  hasEndedFile,
  listEnded,
  pinEnded,
  removeEnded,
} from "./table.ts";

/** How many builds are kept, and how many bytes with all that belongs to them. Those that are pinned do not count. */
export interface HistoryLimits {
  builds: number;
  bytes: number;
}

/** What became of a build, or is becoming of it. */
export interface HistoryEvent {
  /** One of {@link BuildHistoryEventType}. */
  type: number;
  record: Input<typeof BuildHistoryRecord>;
}

/** What belongs to a build, by what the record calls it. */
export interface HistoryFile {
  digest: string;
  content: Uint8Array;
}

type Listener = (event: HistoryEvent) => void;

/**
 * The builds that go on and the last that have ended, with their logs and what else belongs to them, which lies in
 * files by digest. A file is written before the record that names it; one that no record names goes at start.
 */
export class BuildHistory {
  readonly #active = new Map<string, Input<typeof BuildHistoryRecord>>();
  readonly #listeners = new Set<Listener>();

  constructor(
    private readonly store: Store,
    private readonly directory: string,
    private readonly limits: HistoryLimits = { builds: 100, bytes: 64 * 1024 * 1024 },
  ) {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    for (const name of namesIn(directory))
      if (!hasEndedFile(store, `sha256:${name}`)) rmSync(join(directory, name), { force: true });
  }

  /** Tells of a build that begins. */
  begin(record: Input<typeof BuildHistoryRecord> & { ref: string }): void {
    this.#active.set(record.ref, record);
    this.#tell({ type: BuildHistoryEventType.started, record });
  }

  /** Keeps a build that has ended. */
  async end(
    record: Input<typeof BuildHistoryRecord> & { ref: string },
    createdAt: Date,
    files: readonly HistoryFile[],
  ): Promise<void> {
    const { ref } = record;
    try {
      for (const { digest, content } of files) await this.#write(digest, content);
      const bytes = encode(BuildHistoryRecord, record);
      const size = files.reduce((sum, { content }) => sum + content.length, bytes.length);
      const before = endedFiles(this.store, ref);
      addEnded(
        this.store,
        { ref, createdAt: createdAt.toISOString(), pinned: false, record: bytes, size },
        files.map(({ digest }) => digest),
      );
      this.#drop(before);
    } finally {
      this.#active.delete(ref);
    }
    this.#tell({ type: BuildHistoryEventType.complete, record });
    this.#collect();
  }

  /** Adds a file to a build that has ended, and what its record says of it. Throws not-found. */
  async amend(
    ref: string,
    change: (record: BuildHistoryRecord) => BuildHistoryRecord,
    { digest, content }: HistoryFile,
  ): Promise<void> {
    await this.#write(digest, content);
    const build = findEnded(this.store, ref);
    if (!build) {
      this.#drop([digest]);
      throw notFound(`failed to retrieve bucket ${ref}: not found`);
    }
    const record = change(recordOf(build));
    const bytes = encode(BuildHistoryRecord, record);
    const size = build.size - build.record.length + bytes.length + content.length;
    addEnded(this.store, { ...build, record: bytes, size }, [...endedFiles(this.store, ref), digest]);
    this.#tell({ type: BuildHistoryEventType.complete, record });
    this.#collect();
  }

  /** Those that go on. */
  active(): HistoryEvent[] {
    return [...this.#active.values()].map((record) => ({ type: BuildHistoryEventType.started, record }));
  }

  /** Those that have ended, the newest first. */
  ended(): HistoryEvent[] {
    return listEnded(this.store).map((build) => ({ type: BuildHistoryEventType.complete, record: recordOf(build) }));
  }

  /** One that has ended; undefined: there is none of that name. */
  find(ref: string): BuildHistoryRecord | undefined {
    const build = findEnded(this.store, ref);
    return build && recordOf(build);
  }

  /** Forgets a build that has ended; no error if there is none. */
  remove(ref: string): void {
    const build = findEnded(this.store, ref);
    if (build) this.#remove(build);
  }

  /** Keeps a build whatever comes, or no longer. Throws not-found. */
  pin(ref: string, pinned: boolean): void {
    if (!findEnded(this.store, ref)) throw notFound(`failed to retrieve bucket ${ref}: not found`);
    pinEnded(this.store, ref, pinned);
  }

  /** Where a file of a build is; undefined: no build has it. */
  file(digest: string): { path: string; size: number } | undefined {
    if (!hasEndedFile(this.store, digest)) return undefined;
    const path = this.#path(digest);
    return existsSync(path) ? { path, size: statSync(path).size } : undefined;
  }

  /** Told of each event from now on, until it is disposed of. */
  listen(listener: Listener): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) };
  }

  async #write(digest: string, content: Uint8Array): Promise<void> {
    const path = this.#path(digest);
    const partial = join(this.directory, `partial-${newId()}`);
    await writeFile(partial, content, { mode: 0o600 });
    await rename(partial, path);
  }

  /** The oldest go where there are too many. */
  #collect(): void {
    let bytes = 0;
    for (const [at, build] of listEnded(this.store)
      .filter(({ pinned }) => !pinned)
      .entries()) {
      bytes += build.size;
      if (at >= this.limits.builds || (bytes > this.limits.bytes && at > 0)) this.#remove(build);
    }
  }

  #remove(build: EndedBuild): void {
    const files = endedFiles(this.store, build.ref);
    removeEnded(this.store, build.ref);
    this.#drop(files);
    this.#tell({ type: BuildHistoryEventType.deleted, record: recordOf(build) });
  }

  #drop(files: readonly string[]): void {
    for (const digest of files) if (!hasEndedFile(this.store, digest)) rmSync(this.#path(digest), { force: true });
  }

  #path(digest: string): string {
    return join(this.directory, digest.slice("sha256:".length));
  }

  #tell(event: HistoryEvent): void {
    for (const listener of this.#listeners) listener(event);
  }
}

function recordOf({ record, pinned }: EndedBuild): BuildHistoryRecord {
  return { ...decode(BuildHistoryRecord, record), pinned };
}

/** A file of a build by its content. */
export function historyFile(content: Uint8Array): HistoryFile {
  return { digest: digestOf(content), content };
}
