import { open } from "node:fs/promises";
import { systemWords } from "./files.ts";

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
