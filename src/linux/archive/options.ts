import type { IdMaps } from "../id-maps.ts";

/** Options of packing and unpacking. Plain data: they travel to the workers. */

/** `none` is a plain tar archive. */
export type ArchiveCompression = "none" | "gzip" | "zstd";

/** Options of the jobs `extract` and `transfer`, which unpack an archive into a directory. */
export interface ExtractOptions {
  /**
   * Directory under the root to extract into, made where missing. Links in it and in the archive's own names are
   * followed as if the root were `/`: nothing outside is ever reached. Default: the root itself.
   */
  into?: string;
  /** Default `auto`: told by the first bytes. */
  compression?: ArchiveCompression | "auto";
  /**
   * What names that begin with `.wh.` mean. `overlay`: turned into overlayfs's whiteouts and opaque directories;
   * `apply`: the named thing is deleted; `keep` (default): nothing special.
   */
  whiteouts?: "overlay" | "apply" | "keep";
  /** The tree's ids are those outside of this user namespace, the archive's those inside. `owner` too is inside. */
  ids?: IdMaps;
  /** Gives everything to one owner; `keep` (default) takes the archive's numbers; `caller` the process's own. */
  owner?: { uid: number; gid: number } | "keep" | "caller";
  /**
   * A directory that would take the place of something else, or the reverse: put there (default), or refused in the
   * words of `docker cp` or of a build's COPY.
   */
  otherKind?: "replace" | "refuse-cp" | "refuse-copy";
  /** Device nodes: default `create`. */
  devices?: "create" | "skip" | "refuse";
  /** Upper bound of the bytes written to files; default: none, but it stops before the filesystem is full. */
  maxBytes?: number;
  /** Default 4 million. */
  maxEntries?: number;
  /** Compute SHA-256 of the uncompressed archive ({@link ExtractResult.diffId}). */
  digest?: boolean;
  /** Give the root directory itself what the archive's own entry for it says (layers do; `docker cp` must not). */
  rootAttributes?: boolean;
  /** Sync the filesystem before saying "done". */
  sync?: boolean;
  /** Take overlayfs's own attributes too, for a copy of what is no layer. Default: they are left out. */
  overlayAttributes?: boolean;
  /** Files of another tree that may stand in for those of the archive. */
  share?: ShareOptions;
}

/** Where files can be had that are those of an archive, under its names, and how they may be shared. */
export interface ShareOptions {
  tree: string;
  /** Blocks in common, until one of both is written to. */
  clones: boolean;
  /** Further names of the same file: for trees whose files nobody ever writes to. */
  links: boolean;
}

/** Options of the job `copy`. */
export interface CopyOptions {
  /** Have blocks in common with the source, where the filesystem can. */
  clones?: boolean;
  /** As in {@link ExtractOptions}. */
  overlayAttributes?: boolean;
}

/** The answer of the job `extract`. */
export interface ExtractResult {
  /** `sha256:…` of the uncompressed archive, where it was asked for. */
  diffId?: string;
  /** Bytes in regular files. */
  bytes: number;
  entries: number;
  /**
   * Directories that no entry described and that had to be made, in order of making; relative to the root. The root
   * itself (empty) is one of them where `rootAttributes` found no entry for it.
   */
  implicitDirs: string[];
  /** Of the bytes those that were shared with another tree. */
  shared: number;
}

/** Options of the jobs that pack a directory into an archive: `pack`, `packToFile`, `digest`, `measure`, `transfer`. */
export interface PackOptions {
  /**
   * Directory or other thing under the root where packing starts; links on the way are followed inside the root, a
   * link at the end is packed itself. Default: the root.
   */
  from?: string;
  /** Only these, with all below them; relative to `from`. Default: everything. */
  paths?: string[];
  /** Leaves these out, with all below them; relative to `from`. */
  exclude?: string[];
  /** Exactly these and nothing below them, in the order given; relative to the root. Takes the place of `paths`. */
  only?: string[];
  /** Names to be told as deleted by `.wh.` files, merged into `only` by their place in the order. */
  deleted?: string[];
  /**
   * Name of the starting point itself in the archive: `docker cp` names what it copies. Default: it has no entry and
   * its children stand at the top (a file: its own name).
   */
  rootName?: string;
  /** Turn overlayfs's whiteouts and opaque directories into `.wh.` files. Default: false. */
  whiteouts?: boolean;
  /** The tree's ids are those outside of this user namespace, the archive's those inside. */
  ids?: IdMaps;
  /** Owner for all entries; default: their own. */
  owner?: { uid: number; gid: number };
  /** Seconds: nothing in the archive is younger (reproducible builds). */
  clampMtime?: number;
  /** Keep nanoseconds and every attribute: for a copy on this machine. Not for layers. */
  exact?: boolean;
  /**
   * A file of tar-split's: what comes is the archive that the tree was unpacked from. Of the options above none has a
   * meaning then.
   */
  split?: string;
  /** Default `none`. */
  compression?: ArchiveCompression;
  level?: number;
}

/** Where the content of a file is: in parts of a file of the host (start and length of each), in a tree, or here. */
export type Content =
  | { file: string; parts: readonly number[] }
  | { root: string; path: string }
  | { bytes: Uint8Array };

/** One thing of a tree that the job `lay` makes. */
export interface TreeItem {
  /** Relative to the root, clean. */
  path: string;
  type: "file" | "directory" | "symlink";
  mode: number;
  uid: number;
  gid: number;
  mtime: number;
  mtimeNanos: number;
  /** Of a link. */
  linkName: string;
  /** Of a file, in bytes. */
  size: number;
  content?: Content;
}

/** The answer of the jobs that pack, of `lay` and of `recompress`. */
export interface PackResult {
  /** `sha256:…` of the archive before compression. */
  diffId: string;
  /** Bytes of the archive before compression. */
  size: number;
  /** `sha256:…` of what was written out (equal to diffId without compression). */
  digest: string;
  /** Bytes written out. */
  written: number;
  /** Bytes in regular files. */
  fileBytes: number;
}
