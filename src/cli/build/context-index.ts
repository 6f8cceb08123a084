import { closeSync, openSync, readFileSync, readSync } from "node:fs";
import type { ContextIndex, IndexEntry } from "../../api/build-context.ts";
import { tarEntry } from "../../lib/tar/entry.ts";
import { encodeHeader, endOfArchive, padding } from "../../lib/tar/writer.ts";
import { type ListOptions, listDirectory } from "../archive/list.ts";
import { packFile } from "../archive/pack.ts";

/** A folder that is sent as an index first, and as much of its content as the engine asks for. */
export interface ContextFolder {
  root: string;
  options: ListOptions;
}

/** What is sent so: folders, the text of the Dockerfile, that of the ignore file. */
export interface SentFolders {
  folders: readonly ContextFolder[];
  dockerfile: string;
  ignore?: string;
}

export interface IndexedFolders {
  index: ContextIndex;
  /** Number and bytes of all files. */
  files: number;
  size: number;
  /** The content of entries, as the engine wants it: a tar stream, each named by its number. */
  content(entries: readonly number[]): AsyncGenerator<Uint8Array>;
  /** Bytes of content that the engine asked for so far. */
  sent(): number;
}

/** Files up to here are read at once, and several of them sent in one piece. */
const smallBytes = 1 << 18;

/**
 * Looks through the folders; every file is read once for its digest. `machine`: what tells this machine's folders from
 * others'.
 */
export function indexFolders({ folders, dockerfile, ignore }: SentFolders, machine: string): IndexedFolders {
  const entries: IndexEntry[] = [];
  const files: (string | undefined)[] = [];
  let size = 0;
  for (const { root, options } of folders) {
    for (const {
      entry: { name, type, mode, mtime, size: bytes, linkName },
      file,
    } of listDirectory(root, options)) {
      if (type === "char" || type === "block") continue;
      const common = { path: name, type, mode, mtime };
      if (file !== undefined) entries.push({ ...common, size: bytes, digest: digestOf(file, bytes) });
      else entries.push(linkName === "" ? common : { ...common, link: linkName });
      files.push(file);
      size += bytes;
    }
  }
  const source = new Bun.CryptoHasher("sha256")
    .update([machine, ...folders.map(({ root }) => root)].join("\0"))
    .digest("hex");
  let sent = 0;
  return {
    index: { source, dockerfile, ...(ignore !== undefined && { ignore }), entries },
    files: files.filter((file) => file !== undefined).length,
    size,
    sent: () => sent,
    content(wanted) {
      for (const number of wanted) sent += entries[number]?.size ?? 0;
      return packEntries(wanted, entries, files);
    },
  };
}

/** Of as many bytes as the index says: what a file grows by meanwhile is not part of it. */
function digestOf(file: string, size: number): string {
  if (size <= smallBytes)
    return new Bun.CryptoHasher("sha256").update(readFileSync(file).subarray(0, size)).digest("hex");
  const hasher = new Bun.CryptoHasher("sha256");
  const fd = openSync(file, "r");
  try {
    const buffer = Buffer.allocUnsafe(1 << 20);
    for (let left = size; left > 0; ) {
      const read = readSync(fd, buffer, 0, Math.min(left, buffer.length), null);
      if (read === 0) break;
      hasher.update(buffer.subarray(0, read));
      left -= read;
    }
  } finally {
    closeSync(fd);
  }
  return hasher.digest("hex");
}

async function* packEntries(
  wanted: readonly number[],
  entries: readonly IndexEntry[],
  files: readonly (string | undefined)[],
): AsyncGenerator<Uint8Array> {
  let held: Uint8Array[] = [];
  let heldBytes = 0;
  const hold = (chunk: Uint8Array) => {
    held.push(chunk);
    heldBytes += chunk.length;
  };
  for (const number of wanted) {
    const [file, size = 0] = [files[number], entries[number]?.size];
    if (file === undefined) continue;
    const entry = tarEntry({ name: String(number), size });
    if (size > smallBytes) {
      yield* packFile(file, entry);
      continue;
    }
    const content = readFileSync(file);
    // What it is now goes with the size that was promised: the engine sees by the digest that it changed.
    const sent = content.length === size ? content : Buffer.alloc(size, content.subarray(0, size));
    for (const chunk of [encodeHeader(entry), sent, padding(size)]) hold(chunk);
    if (heldBytes < smallBytes) continue;
    yield Buffer.concat(held);
    held = [];
    heldBytes = 0;
  }
  hold(endOfArchive());
  yield Buffer.concat(held);
}
