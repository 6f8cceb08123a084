/**
 * Berth's own way to send a folder to `POST /build`: an index of its files instead of an archive of them. The engine
 * asks for the content that a step really takes, and that it does not have from an earlier build of the same folder, by
 * `need` events in its answer; the client sends that as a tar stream to `POST /build/content?buildid=…`, each file
 * named by its place in the index. A build whose steps are all cached moves no content at all.
 */
export interface ContextIndex {
  /** 64 hex digits that stand for the folder on its machine: content that it sent before is found again by them. */
  source: string;
  /** The Dockerfile's text, which need not be in the folder. */
  dockerfile: string;
  /** Text of the ignore file, which was heeded already: for the checks. */
  ignore?: string;
  entries: IndexEntry[];
}

/** One file, folder or link of a build context, without its content. */
export interface IndexEntry {
  /** Relative, without `..`. Folders come before what is in them. */
  path: string;
  /** `link`: a further name of the file `link`. */
  type: "file" | "directory" | "symlink" | "link" | "fifo";
  /** Permission bits (07777). */
  mode: number;
  /** Seconds since 1970. */
  mtime: number;
  /** Bytes, of a file. */
  size?: number;
  /** SHA-256 of a file's content, hex. */
  digest?: string;
  /** Where a link leads. */
  link?: string;
}

/** The media type by which the engine knows an index from an archive. */
export const contextIndexType = "application/vnd.berth.build-context+json";
