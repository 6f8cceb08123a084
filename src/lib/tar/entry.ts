/** What a member of an archive is. `link`: a further name (hard link) of a file that came before. */
export type EntryType = "file" | "link" | "symlink" | "char" | "block" | "directory" | "fifo";

/** One member of an archive, whatever format its header was in. Names as of lib/tar/names.ts. */
export interface TarEntry {
  /** As written in the archive: may be absolute, may hold `..`; directories without a slash at the end. */
  name: string;
  type: EntryType;
  /** Permission bits with set-uid, set-gid and sticky (07777). */
  mode: number;
  uid: number;
  gid: number;
  uname: string;
  gname: string;
  /** Bytes of the file's content as it reads, holes included; 0 for what has none. */
  size: number;
  /** Seconds since 1970, may be negative; and nanoseconds upon them. */
  mtime: number;
  mtimeNanos: number;
  /** Target of a link. */
  linkName: string;
  devMajor: number;
  devMinor: number;
  /** Extended attributes by full name (`security.capability`). */
  xattrs?: Map<string, Uint8Array>;
  /** The parts of a sparse file that hold data, in order; everything else reads as zeros. */
  sparse?: SparsePart[];
}

/** A part of a sparse file that holds data: where it is in the file as it reads, in bytes. */
export interface SparsePart {
  offset: number;
  length: number;
}

/** Bytes of a file that its archive claims without bringing them: its holes. */
export function sparseBytes({ size, sparse }: TarEntry): number {
  return sparse ? size - sparse.reduce((sum, part) => sum + part.length, 0) : 0;
}

/** About what an entry takes in memory, in bytes: for those who keep many, of an archive that may be a hostile one. */
export function weightOf({ name, linkName, uname, gname, xattrs, sparse }: TarEntry): number {
  let weight = 100 + name.length + linkName.length + uname.length + gname.length + 64 * (sparse?.length ?? 0);
  for (const [key, value] of xattrs ?? []) weight += 100 + key.length + value.length;
  return weight;
}

/** A plain entry to begin with: override what differs. */
export function tarEntry(fields: Partial<TarEntry> & { name: string }): TarEntry {
  return {
    type: "file",
    mode: 0o644,
    uid: 0,
    gid: 0,
    uname: "",
    gname: "",
    size: 0,
    mtime: 0,
    mtimeNanos: 0,
    linkName: "",
    devMajor: 0,
    devMinor: 0,
    ...fields,
  };
}

/** Broken archive. The texts follow Go's archive/tar, which Docker passes on. */
export class TarError extends Error {
  override readonly name = "TarError";
}

/** Bytes of a tar block: headers and contents each begin on a multiple of it. */
export const BLOCK = 512;
