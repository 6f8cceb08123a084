import { TarError } from "../../lib/tar/entry.ts";

/** A name of an archive as path under the root: no leading slash, no `.`, no `..`; empty for the root itself. */
export function archivePath(name: string): string {
  // The usual name is clean already.
  if (!/(^|\/)\.{0,2}(\/|$)/.test(name)) return name;
  const parts: string[] = [];
  for (const part of name.split("/")) {
    if (part === "" || part === ".") continue;
    if (part !== "..") parts.push(part);
    else if (parts.pop() === undefined) throw new TarError(`${JSON.stringify(name)} is outside of the archive's root`);
  }
  return parts.join("/");
}

/** The path without its last part; empty for a name at the top. */
export function parentOf(path: string): string {
  const slash = path.lastIndexOf("/");
  return slash < 0 ? "" : path.slice(0, slash);
}

/** The last part of a path. */
export function baseOf(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}
