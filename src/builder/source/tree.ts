import { compile } from "../../lib/ignore-patterns.ts";
import type { TarEntry } from "../../lib/tar/entry.ts";
import type { Content } from "../../linux/archive/options.ts";
import { inside, parentOf } from "./path.ts";

/**
 * A tree of files that COPY, ADD and bind mounts take from: the build context, or another stage's root filesystem.
 * Paths are clean and relative to its root, which is "". Nothing outside the root can be named.
 */
export interface SourceTree {
  /** The thing itself (links are not followed at the end, but on the way); undefined where there is none. */
  entry(path: string): SourceEntry | undefined;
  /** Names in a directory, sorted. */
  children(path: string): string[];
  /** Content of a regular file. */
  read(path: string): AsyncIterable<Uint8Array>;
  /** Brings the content of files that are about to be read, all at once. Trees that have it at hand lack this. */
  ready?(paths: readonly string[]): Promise<void>;
  /** Finds out the digests of files that are about to be asked for, all at once. Trees that know them lack this. */
  learn?(paths: readonly string[]): Promise<void>;
  /** Where the content of a regular file is on this machine, once it was made ready; undefined: it has to be read. */
  stored?(path: string): Content | undefined;
  /** Digest of a regular file's content, at once where it is known without reading; undefined: no regular file. */
  digest(path: string, signal: AbortSignal): string | undefined | Promise<string>;
}

/** A file or folder of a source, as an archive would hold it. */
export type SourceEntry = Omit<TarEntry, "name" | "sparse"> & {
  /** A regular file that has several names: equal for all of them. */
  inode?: string;
};

const maxLinks = 40;

/** Follows links (in all components where `last`, else all but the last one) as if the tree's root were `/`. */
export function resolve(tree: SourceTree, path: string, last = true): string | undefined {
  let pending = path.split("/").filter((part) => part !== "" && part !== ".");
  let at = "";
  let links = 0;
  while (pending.length > 0) {
    const part = pending.shift() ?? "";
    if (part === "..") {
      at = parentOf(at);
      continue;
    }
    const next = at ? `${at}/${part}` : part;
    const entry = tree.entry(next);
    if (!entry) return undefined;
    if (entry.type === "symlink" && (last || pending.length > 0)) {
      if (++links > maxLinks) return undefined;
      if (entry.linkName.startsWith("/")) at = "";
      pending = [...entry.linkName.split("/").filter((each) => each !== "" && each !== "."), ...pending];
      continue;
    }
    at = next;
  }
  return at;
}

/**
 * Paths that match a pattern with wildcards, sorted. Each component matches one level; `anyDepth`: `**` any number of
 * them. `missing`: what stands before the first wildcard, where there is none such.
 */
export function glob(tree: SourceTree, pattern: string, anyDepth = false): { paths: string[]; missing?: string } {
  const parts = inside(pattern).split("/");
  const wild = parts.findIndex((part) => /[*?[\\]/.test(part));
  const start = parts.slice(0, wild).join("/");
  // Links are followed up to the first wildcard; not at all where paths are kept.
  const real = anyDepth ? tree.entry(start) && start : resolve(tree, start);
  if (real === undefined) return { paths: [], missing: start };
  let found = [real];
  for (const part of parts.slice(wild)) {
    const matches = matcher(part);
    found = [
      ...new Set(
        found.flatMap((folder) => {
          if (anyDepth && part === "**") return [folder, ...allFolders(tree, folder)];
          if (folder !== "" && tree.entry(folder)?.type !== "directory") return [];
          return tree
            .children(folder)
            .filter(matches)
            .map((name) => (folder ? `${folder}/${name}` : name));
        }),
      ),
    ];
  }
  return { paths: found.sort() };
}

/** Of names in one directory. */
function matcher(part: string): (name: string) => boolean {
  if (!/[*?[\\]/.test(part)) return (name) => name === part;
  const pattern = compile(part.replace(/\*+/g, "*"));
  return (name) => pattern.test(name);
}

function allFolders(tree: SourceTree, folder: string): string[] {
  return tree.children(folder).flatMap((name) => {
    const path = folder ? `${folder}/${name}` : name;
    return tree.entry(path)?.type === "directory" ? [path, ...allFolders(tree, path)] : [];
  });
}

/** Everything below a directory (itself not), parents before children, in a stable order. */
export function* walk(
  tree: SourceTree,
  folder: string,
  skip: (path: string) => boolean = () => false,
): Generator<{ path: string; entry: SourceEntry }> {
  for (const name of tree.children(folder)) {
    const path = folder ? `${folder}/${name}` : name;
    const entry = tree.entry(path);
    if (!entry) continue;
    if (entry.type === "directory" && skip(path)) continue;
    yield { path, entry };
    if (entry.type === "directory") yield* walk(tree, path, skip);
  }
}
