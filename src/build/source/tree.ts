import type { TarEntry } from "../../lib/tar/entry.ts";
import { compile } from "../../lib/ignore-patterns.ts";
import { parentOf } from "./path.ts";

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
  /** Digest of a regular file's content, at once where it is known without reading; undefined: no regular file. */
  digest(path: string): string | undefined | Promise<string>;
}

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
    if (part === "..") { at = parentOf(at); continue; }
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

/** Paths that match a pattern with wildcards, sorted. Each component matches one level, `**` any number. */
export function glob(tree: SourceTree, pattern: string): string[] {
  const parts = pattern.split("/").filter((part) => part !== "" && part !== ".");
  let found = [""];
  for (const part of parts) {
    const next: string[] = [];
    for (const folder of found) {
      const join = (name: string) => (folder ? `${folder}/${name}` : name);
      if (part === "**") { next.push(folder, ...allFolders(tree, folder)); continue; }
      if (!/[*?[\\]/.test(part)) { if (tree.entry(join(part)) || part === "..") next.push(part === ".." ? parentOf(folder) : join(part)); continue; }
      const regexp = compile(part);
      const real = resolve(tree, folder);
      if (real === undefined || (real !== "" && tree.entry(real)?.type !== "directory")) continue;
      next.push(...tree.children(real).filter((name) => regexp.test(name)).map((name) => join(name)));
    }
    found = [...new Set(next)];
  }
  return found.sort();
}

function allFolders(tree: SourceTree, folder: string): string[] {
  return tree.children(folder).flatMap((name) => {
    const path = folder ? `${folder}/${name}` : name;
    return tree.entry(path)?.type === "directory" ? [path, ...allFolders(tree, path)] : [];
  });
}

/** Everything below a directory (itself not), parents before children, in a stable order. */
export function* walk(tree: SourceTree, folder: string, skip: (path: string) => boolean = () => false): Generator<{ path: string; entry: SourceEntry }> {
  for (const name of tree.children(folder)) {
    const path = folder ? `${folder}/${name}` : name;
    const entry = tree.entry(path);
    if (!entry) continue;
    if (entry.type === "directory" && skip(path)) continue;
    yield { path, entry };
    if (entry.type === "directory") yield* walk(tree, path, skip);
  }
}
