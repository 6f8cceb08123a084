import { invalid } from "../../lib/errors.ts";
import { tarEntry } from "../../lib/tar/entry.ts";
import { encodeHeader, endOfArchive, padding } from "../../lib/tar/writer.ts";
import { close, cname, O, openDir, openInRoot, readAt } from "../at.ts";
import { check, libc, ptr } from "../syscall.ts";
import type { Content, PackResult, TreeItem } from "./options.ts";
import { checkStopped, type Stopped } from "./stop.ts";
import { TreeWriter } from "./tree-writer.ts";

/**
 * Makes the items below `root` (null: nowhere) and digests, in the same pass, the archive that `TreePacker` makes of
 * such a tree: whole seconds, no attributes, links with all rights.
 */
export function layTree(items: readonly TreeItem[], root: string | null, stopped: Stopped): PackResult {
  using undo = new DisposableStack();
  const dir = root === null ? undefined : openDir(root);
  if (dir !== undefined) undo.defer(() => close(dir));
  const writer = dir === undefined ? undefined : undo.use(new TreeWriter(dir, {}));
  const contents = undo.use(new Contents());
  const hasher = new Bun.CryptoHasher("sha256");
  let [size, fileBytes] = [0, 0];
  const digest = (bytes: Uint8Array) => {
    if (bytes.length > 0) hasher.update(bytes);
    size += bytes.length;
  };
  for (const { path, content, ...fields } of items) {
    checkStopped(stopped);
    const entry = tarEntry({ ...fields, name: path });
    digest(encodeHeader({ ...entry, mtimeNanos: 0, ...(entry.type === "symlink" && { mode: 0o777 }) }));
    writer?.entry(entry);
    if (entry.type !== "file") continue;
    let done = 0;
    for (const chunk of content ? contents.of(content) : []) {
      checkStopped(stopped);
      digest(chunk);
      writer?.data(chunk, done);
      done += chunk.length;
    }
    if (done !== entry.size) throw invalid(`${path} changed while it was copied`);
    digest(padding(entry.size));
    writer?.end(entry);
    fileBytes += entry.size;
  }
  writer?.finish();
  digest(endOfArchive());
  const diffId = `sha256:${hasher.digest("hex")}`;
  return { diffId, size, digest: diffId, written: size, fileBytes };
}

/** Reads contents, each piece good until the next. What holds many of them stays open. */
class Contents implements Disposable {
  readonly #buffer = new Uint8Array(256 * 1024);
  readonly #files = new Map<string, number>();
  readonly #roots = new Map<string, number>();

  *of(content: Content): Generator<Uint8Array> {
    if ("bytes" in content) {
      if (content.bytes.length > 0) yield content.bytes;
    } else if ("parts" in content) {
      const { file, parts } = content;
      const fd = opened(this.#files, file, openFile);
      for (let part = 0; part < parts.length; part += 2) yield* this.#read(fd, parts[part] ?? 0, parts[part + 1] ?? 0);
    } else {
      const root = opened(this.#roots, content.root, openDir);
      // Without NONBLOCK a pipe that took the file's place would hold the worker for ever.
      const fd = openInRoot(root, content.path, O.RDONLY | O.NOFOLLOW | O.NONBLOCK);
      try {
        yield* this.#read(fd, 0, Infinity);
      } finally {
        close(fd);
      }
    }
  }

  [Symbol.dispose](): void {
    for (const fd of [...this.#files.values(), ...this.#roots.values()]) close(fd);
  }

  *#read(fd: number, at: number, length: number): Generator<Uint8Array> {
    for (let done = 0; done < length; ) {
      const got = readAt(fd, this.#buffer.subarray(0, Math.min(this.#buffer.length, length - done)), at + done);
      if (got === 0) return;
      done += got;
      yield this.#buffer.subarray(0, got);
    }
  }
}

function opened(known: Map<string, number>, path: string, open: (path: string) => number): number {
  const fd = known.get(path) ?? open(path);
  known.set(path, fd);
  return fd;
}

function openFile(path: string): number {
  return check(libc.open(ptr(cname(path)), O.RDONLY | O.CLOEXEC, 0), "open", path);
}
