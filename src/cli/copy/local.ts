/** What a local path is, as the source or the destination of a copy. */
import { lstat, readlink, realpath, stat } from "node:fs/promises";
import { fileError } from "../files.ts";
import { basePath, joinPath, splitPath } from "../paths.ts";
import { rebaseName, splitEntry } from "./paths.ts";
import type { CopyDestination, CopySource } from "./plan.ts";

/** The source; links on the way to it are followed, itself only where `followLink` is set. */
export async function localSource(path: string, followLink: boolean): Promise<CopySource> {
  const resolve = (one: string) =>
    realpath(one).catch((error: unknown) => Promise.reject(fileError("lstat", path, error)));
  let source: { path: string; rename: string };
  if (followLink) source = rebaseName(path, await resolve(path));
  else {
    const [dir, base] = splitPath(path);
    const resolved = `${(await resolve(dir)).replace(/\/$/, "")}/${base}`;
    const renames = path.endsWith("/") && basePath(path) !== basePath(resolved);
    source = { path: resolved, rename: renames ? basePath(path) : "" };
  }
  const info = await lstat(source.path).catch((error: unknown) => Promise.reject(fileError("lstat", path, error)));
  return { ...source, isDirectory: info.isDirectory() };
}

/** The destination; a link there is followed, even to what is not there yet. */
export async function localDestination(given: string): Promise<CopyDestination> {
  let path = given;
  for (let links = 0; ; links++) {
    const info = await lstat(path).catch((error: unknown) => {
      if (error instanceof Error && "code" in error && error.code === "ENOENT") return null;
      throw fileError("lstat", path, error);
    });
    if (info === null) {
      const [parent] = splitEntry(path);
      const there = await stat(parent).catch((error: unknown) => Promise.reject(fileError("stat", parent, error)));
      if (!there.isDirectory()) throw new Error("not a directory");
      return { path, exists: false, isDirectory: false };
    }
    if (!info.isSymbolicLink()) return { path, exists: true, isDirectory: info.isDirectory() };
    if (links > 10) throw new Error(`too many symlinks in ${given}`);
    const target = await readlink(path);
    path = target.startsWith("/") ? target : joinPath(splitEntry(path)[0], target);
  }
}

/** Refuses to write to what is neither a directory nor a plain file. */
export async function checkOutput(path: string): Promise<void> {
  const [parent] = splitEntry(path.replace(/\/\.?$/, "") || "/");
  if (!(await stat(parent).catch(() => null)))
    throw new Error(`invalid output path: directory ${JSON.stringify(parent)} does not exist`);
  const info = await stat(path).catch(() => null);
  if (info?.isBlockDevice() || info?.isCharacterDevice())
    throw new Error(`invalid output path: ${JSON.stringify(path)} must be a directory or a regular file: got a device`);
}
