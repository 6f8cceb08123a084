import type { ErrorKind } from "../../lib/errors.ts";
import type { EntryType } from "../../lib/tar/entry.ts";
import type { ChangesRequest, TreeChange } from "./changes.ts";
import type { LentSource } from "./lent.ts";
import type {
  ArchiveCompression,
  CopyOptions,
  ExtractOptions,
  ExtractResult,
  PackOptions,
  PackResult,
  TreeItem,
} from "./options.ts";
import type { BlockGroup } from "./usage.ts";

/**
 * What workers can be asked, with the answer of each. A job with a `stream` source gets its bytes in messages; a
 * `pack` job sends its own the same way.
 */
export interface Jobs {
  extract: { request: { source: JobSource; root: string; options: ExtractOptions }; result: ExtractResult };
  rebuild: { request: { tree: string; split: string; root: string; options: ExtractOptions }; result: ExtractResult };
  pack: { request: { root: string; options: PackOptions; digest: boolean }; result: string | null };
  packToFile: { request: { root: string; file: string; options: PackOptions }; result: PackResult };
  unpackMembers: { request: { source: JobSource; dir: string; maxBytes?: number }; result: Member[] };
  digest: { request: { root: string; options: PackOptions }; result: PackResult };
  measure: { request: { root: string; options: PackOptions }; result: number };
  transfer: {
    request: { root: string; pack: PackOptions; target: string; extract: ExtractOptions };
    result: PackResult;
  };
  lay: { request: { items: readonly TreeItem[]; root: string | null }; result: PackResult };
  recompress: {
    request: { source: string; file: string; compression: ArchiveCompression; level?: number };
    result: PackResult;
  };
  sync: { request: { path: string }; result: null };
  unmount: { request: { target: string }; result: null };
  remove: { request: { paths: string[] }; result: null };
  blocks: { request: { path: string; groups: readonly BlockGroup[] }; result: Record<string, number> };
  usage: { request: { path: string }; result: { bytes: number; inodes: number } };
  changes: { request: ChangesRequest; result: TreeChange[] };
  changedBytes: { request: ChangesRequest; result: number };
  limitSubvolume: { request: { path: string; bytes: number }; result: null };
  subvolume: { request: { path: string; from: string | null }; result: null };
  copy: { request: { from: string; to: string; options: CopyOptions }; result: null };
}

/** The jobs that a worker can do. */
export type JobName = keyof Jobs;
/** Where an archive is read from: a file of the host, a body that was lent, or messages of the type `chunk`. */
export type JobSource = { file: string } | { lent: LentSource } | "stream";

/** A member of an archive that was taken apart into files. */
export interface Member {
  name: string;
  type: EntryType;
  linkName: string;
  /** Regular files: where the content is now, its digest and length. */
  file?: string;
  digest?: string;
  size: number;
}

/**
 * Messages to a worker: `chunk`, `end` and `fail` carry a `stream` source; `more` asks for more of what the job packs.
 */
export type ToWorker =
  | { [N in JobName]: { type: "start"; job: N; request: Jobs[N]["request"]; stop: SharedArrayBuffer } }[JobName]
  | { type: "chunk"; data: Uint8Array<ArrayBuffer> }
  | { type: "end" }
  | { type: "fail"; message: string }
  | { type: "more" };

/**
 * Messages of a worker: `more` asks for more of a `stream` source; `beyond` says that one that was lent is at its end,
 * and what was read after it; `chunk` is what the job packs; the rest end the job.
 */
export type FromWorker =
  | { type: "more" }
  | { type: "beyond"; data: Uint8Array }
  | { type: "chunk"; data: Uint8Array<ArrayBuffer> }
  | { type: "done"; result: unknown }
  | { type: "failed"; error: WorkerFailure };

/** An error on its way between threads. */
export interface WorkerFailure {
  name: string;
  message: string;
  /** Of a system error. */
  code?: string;
  /** Of an engine's error. */
  kind?: ErrorKind;
}
