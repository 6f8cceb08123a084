/** Slash paths with the rules of Go's path and filepath packages, on which docker's own rules are written. */

/** The shortest equal path by text alone; "" becomes ".". */
export function cleanPath(path: string): string {
  const rooted = path.startsWith("/");
  const parts: string[] = [];
  for (const part of path.split("/")) {
    if (part === "" || part === ".") continue;
    if (part === ".." && parts.length > 0 && parts.at(-1) !== "..") parts.pop();
    else if (part !== ".." || !rooted) parts.push(part);
  }
  return (rooted ? "/" : "") + parts.join("/") || (rooted ? "/" : ".");
}

export function joinPath(...parts: string[]): string {
  const joined = parts.filter((part) => part !== "").join("/");
  return joined === "" ? "" : cleanPath(joined);
}

export function absolutePath(cwd: string, path: string): string {
  return path.startsWith("/") ? cleanPath(path) : joinPath(cwd, path);
}

/** Last element; "." of "", "/" of "/". */
export function basePath(path: string): string {
  if (path === "") return ".";
  const trimmed = path.replace(/\/+$/, "");
  return trimmed === "" ? "/" : trimmed.slice(trimmed.lastIndexOf("/") + 1);
}

/** What stands before the last slash, and what after: `/a/b` → [`/a/`, `b`]. */
export function splitPath(path: string): [dir: string, file: string] {
  const at = path.lastIndexOf("/") + 1;
  return [path.slice(0, at), path.slice(at)];
}

/** All but the last element, cleaned. */
export function dirPath(path: string): string {
  return cleanPath(splitPath(path)[0]);
}
