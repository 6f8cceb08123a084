/** Files that a command line names; errors read as Go's (`open x: no such file or directory`). */

const texts: Record<string, string> = {
  ENOENT: "no such file or directory", EACCES: "permission denied", EISDIR: "is a directory", ENOTDIR: "not a directory",
  EEXIST: "file exists", ENOSPC: "no space left on device", EROFS: "read-only file system", ENAMETOOLONG: "file name too long", ELOOP: "too many levels of symbolic links",
};

/** The system's words for a failed file operation: `open x: permission denied`. */
export function fileError(operation: string, path: string, error: unknown): Error {
  const code = error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "";
  const words = texts[code] ?? (error instanceof Error ? error.message : String(error));
  return new Error(`${code === "EISDIR" && operation === "open" ? "read" : operation} ${path}: ${words}`, { cause: error });
}

export async function readBytes(path: string, shown = path): Promise<Uint8Array> {
  try {
    return await Bun.file(path).bytes();
  } catch (error) {
    throw fileError("open", shown, error);
  }
}
