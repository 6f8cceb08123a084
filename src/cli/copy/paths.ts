/** How `cp` reads its two arguments; a trailing `/` or `/.` means something and is kept through all cleaning. */
import { absolutePath, basePath, cleanPath, dirPath } from "../paths.ts";

/** `CONTAINER:PATH` apart; container is "" for a local path (absolute, or with no colon, or starting with a dot). */
export function splitArgument(text: string): { container: string; path: string } {
  const at = text.indexOf(":");
  if (text.startsWith("/") || at < 0 || text.startsWith(".")) return { container: "", path: text };
  return { container: text.slice(0, at), path: text.slice(at + 1) };
}

const endsInDot = (path: string) => basePath(path) === "." || /(^|\/)\.\/*$/.test(path);

/** The path claims to be a directory. */
export function assertsDirectory(path: string): boolean {
  return path.endsWith("/") || endsInDot(path);
}

/** `cleaned` with the ending of `original` (`/` or `/.`) put back. */
export function keepEnding(cleaned: string, original: string): string {
  let path = cleaned;
  if (endsInDot(original) && !endsInDot(path)) path += path.endsWith("/") ? "." : "/.";
  if (original.endsWith("/") && !path.endsWith("/")) path += "/";
  return path;
}

export function localPath(cwd: string, path: string): string {
  return keepEnding(absolutePath(cwd, path), path);
}

/** Directory and last part; the last part of `a/.` is `.`. */
export function splitEntry(path: string): [dir: string, base: string] {
  const clean = cleanPath(path);
  if (endsInDot(path)) return [clean, "."];
  return [dirPath(clean), basePath(clean)];
}

/**
 * After a link was followed: the target with the request's ending, and the name the copy is to have where it differs.
 */
export function rebaseName(path: string, resolved: string): { path: string; rename: string } {
  const ended = keepEnding(resolved, path);
  const [wanted, found] = [lastPart(path), lastPart(ended)];
  return { path: ended, rename: wanted === found ? "" : wanted };
}

const lastPart = (path: string) => (endsInDot(path) ? "." : basePath(path));
