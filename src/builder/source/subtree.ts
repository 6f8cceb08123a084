import { inside } from "./path.ts";
import type { SourceTree } from "./tree.ts";

/** A folder of a tree as a tree of its own. */
export function below(tree: SourceTree, folder: string): SourceTree {
  const base = inside(folder);
  const at = (path: string) => (path ? `${base}/${path}` : base);
  return {
    entry: (path) => tree.entry(at(path)),
    children: (path) => tree.children(at(path)),
    read: (path) => tree.read(at(path)),
    digest: (path, signal) => tree.digest(at(path), signal),
    ready: async (paths) => tree.ready?.(paths.map(at)),
    learn: async (paths) => tree.learn?.(paths.map(at)),
    stored: (path) => tree.stored?.(at(path)),
  };
}

/** A tree without one of the folders at its top. */
export function without(tree: SourceTree, folder: string): SourceTree {
  if (!tree.entry(folder)) return tree;
  const hidden = (path: string) => path === folder || path.startsWith(`${folder}/`);
  return {
    entry: (path) => (hidden(path) ? undefined : tree.entry(path)),
    children: (path) => (path === "" ? tree.children("").filter((name) => name !== folder) : tree.children(path)),
    read: (path) => tree.read(path),
    digest: (path, signal) => (hidden(path) ? undefined : tree.digest(path, signal)),
    ready: async (paths) => tree.ready?.(paths),
    learn: async (paths) => tree.learn?.(paths),
    stored: (path) => tree.stored?.(path),
  };
}
