import { open } from "node:fs/promises";

/** The bytes of a file that a user named; throws at once, in the system's words, where it cannot be opened. */
export async function openInput(path: string): Promise<AsyncIterable<Uint8Array>> {
  try {
    const handle = await open(path);
    // The stream closes the handle at its end and when it is abandoned.
    return handle.createReadStream({ highWaterMark: 1024 * 1024 });
  } catch (error) {
    throw new Error(`open ${path}: ${systemWords(error)}`, { cause: error });
  }
}

/** What the C library says of an error code. */
export function systemWords(error: unknown): string {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  return words[code] ?? (error instanceof Error ? error.message : String(error));
}

const words: Record<string, string> = {
  ENOENT: "no such file or directory", EACCES: "permission denied", EPERM: "operation not permitted", EISDIR: "is a directory",
  ENOTDIR: "not a directory", EEXIST: "file exists", ENOSPC: "no space left on device", EROFS: "read-only file system",
};
