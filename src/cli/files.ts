/** Files that a command line names; errors read as Go's (`open x: no such file or directory`). */
import { errorMessage } from "../lib/errors.ts";

const words: Record<string, string> = {
  ENOENT: "no such file or directory",
  EACCES: "permission denied",
  EPERM: "operation not permitted",
  EISDIR: "is a directory",
  ENOTDIR: "not a directory",
  EEXIST: "file exists",
  ENOSPC: "no space left on device",
  EROFS: "read-only file system",
  ENAMETOOLONG: "file name too long",
  ELOOP: "too many levels of symbolic links",
};

/** What the C library says of an error code. */
export function systemWords(error: unknown): string {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  return words[code] ?? errorMessage(error);
}

/** The system's words for a failed file operation: `open x: permission denied`. */
export function fileError(operation: string, path: string, error: unknown): Error {
  const said = systemWords(error);
  return new Error(`${said === words["EISDIR"] && operation === "open" ? "read" : operation} ${path}: ${said}`, {
    cause: error,
  });
}

export async function readBytes(path: string, shown = path): Promise<Uint8Array> {
  try {
    return await Bun.file(path).bytes();
  } catch (error) {
    throw fileError("open", shown, error);
  }
}
