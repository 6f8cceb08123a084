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

export interface SparsePart {
  offset: number;
  length: number;
}

/** A plain entry to begin with: override what differs. */
export function tarEntry(fields: Partial<TarEntry> & { name: string }): TarEntry {
  return {
    type: "file", mode: 0o644, uid: 0, gid: 0, uname: "", gname: "", size: 0, mtime: 0, mtimeNanos: 0,
    linkName: "", devMajor: 0, devMinor: 0, ...fields,
  };
}

/** Broken archive. The texts follow Go's archive/tar, which Docker passes on. */
export class TarError extends Error {
  override readonly name = "TarError";
}

export const BLOCK = 512;
