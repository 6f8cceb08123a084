/** Files of a package, before it is packed. */
import { chmodSync, copyFileSync, mkdirSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

/** Puts an executable there. */
export function program(tree: string, path: string, executable: string): void {
  mkdirSync(dirname(join(tree, path)), { recursive: true });
  copyFileSync(executable, join(tree, path));
}

/** Puts a text there; compressed, without name and time, where the path says so. */
export function text(tree: string, path: string, words: string): void {
  mkdirSync(dirname(join(tree, path)), { recursive: true });
  writeFileSync(join(tree, path), path.endsWith(".gz") ? Bun.gzipSync(words, { level: 9 }) : words);
}

/** Modes that depend on nobody's umask: what its owner may run or read, all may. */
export function makeModes(folder: string): void {
  chmodSync(folder, 0o755);
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) makeModes(path);
    else if (entry.isFile()) chmodSync(path, (statSync(path).mode & 0o100) === 0 ? 0o644 : 0o755);
  }
}
