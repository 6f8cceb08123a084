import type { Store } from "../../store/store.ts";

/** A build that has ended. */
export interface EndedBuild {
  ref: string;
  /** RFC 3339. */
  createdAt: string;
  pinned: boolean;
  /** The message that tells of it. */
  record: Uint8Array;
  /** Bytes, with those of its files. */
  size: number;
}

interface Row {
  ref: string;
  created_at: string;
  pinned: number;
  record: Uint8Array;
  size: number;
}

const fromRow = ({ ref, created_at, pinned, record, size }: Row): EndedBuild => ({
  ref,
  createdAt: created_at,
  pinned: pinned === 1,
  record,
  size,
});

/** Keeps a build, in place of one of the same name. `digests`: its files. */
export function addEnded(store: Store, build: EndedBuild, digests: Iterable<string>): void {
  store.transaction(() => {
    removeEnded(store, build.ref);
    store
      .query("INSERT INTO build_history (ref, created_at, pinned, record, size) VALUES (?, ?, ?, ?, ?)")
      .run(build.ref, build.createdAt, build.pinned ? 1 : 0, build.record, build.size);
    for (const digest of new Set(digests))
      store.query("INSERT INTO build_history_file (ref, digest) VALUES (?, ?)").run(build.ref, digest);
  })();
}

/** The build of that name; undefined: none. */
export function findEnded(store: Store, ref: string): EndedBuild | undefined {
  const row = store.query<Row, [string]>("SELECT * FROM build_history WHERE ref = ?").get(ref);
  return row ? fromRow(row) : undefined;
}

/** All of them, the newest first. */
export function listEnded(store: Store): EndedBuild[] {
  return store.query<Row, []>("SELECT * FROM build_history ORDER BY created_at DESC, rowid DESC").all().map(fromRow);
}

/** Sets whether it stays whatever comes; no error if there is none. */
export function pinEnded(store: Store, ref: string, pinned: boolean): void {
  store.query("UPDATE build_history SET pinned = ? WHERE ref = ?").run(pinned ? 1 : 0, ref);
}

/** Forgets a build; no error if there is none. Its files stay. */
export function removeEnded(store: Store, ref: string): void {
  store.query("DELETE FROM build_history WHERE ref = ?").run(ref);
}

/** Whether a build has that file. */
export function hasEndedFile(store: Store, digest: string): boolean {
  return (
    store.query<{ ref: string }, [string]>("SELECT ref FROM build_history_file WHERE digest = ?").get(digest) !== null
  );
}

/** The files of a build. */
export function endedFiles(store: Store, ref: string): string[] {
  return store
    .query<{ digest: string }, [string]>("SELECT digest FROM build_history_file WHERE ref = ?")
    .all(ref)
    .map(({ digest }) => digest);
}
