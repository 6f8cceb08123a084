/** A path as a clean, relative one inside a root: no leading slash, no `.`; `..` never climbs above the root. */
export function inside(path: string): string {
  const parts: string[] = [];
  for (const part of path.split("/")) {
    if (part === "" || part === ".") continue;
    if (part === "..") parts.pop();
    else parts.push(part);
  }
  return parts.join("/");
}

/** True where a relative path climbs above where it starts. */
export function escapes(path: string): boolean {
  let depth = 0;
  for (const part of path.split("/")) {
    if (part === "" || part === ".") continue;
    depth += part === ".." ? -1 : 1;
    if (depth < 0) return true;
  }
  return false;
}

/** The directory that holds a path; "" for what stands in the root. */
export function parentOf(path: string): string {
  const slash = path.lastIndexOf("/");
  return slash < 0 ? "" : path.slice(0, slash);
}

/** What follows the last slash; the whole where there is none, nothing where it ends in one. */
export function baseOf(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}
