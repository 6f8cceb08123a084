import { open, rename, rm, stat } from "node:fs/promises";
import { dirname } from "node:path";
import type { Output } from "./deps.ts";
import { systemWords } from "./files.ts";

/** Copies a stream to standard output no faster than it is taken. */
export async function writeThrough(out: Output, body: AsyncIterable<Uint8Array>): Promise<void> {
  for await (const chunk of body) {
    out.write(chunk);
    await out.flush();
  }
}

/**
 * Throws where a file cannot be written at the path; to be asked before the work begins. `failure` begins the error
 * texts.
 */
export async function checkOutput(path: string, failure: string): Promise<void> {
  const directory = dirname(path);
  const there = await stat(directory).catch(() => null);
  if (!there?.isDirectory()) {
    throw new Error(
      `${failure}: invalid output path: ` +
        `${there ? `${directory} is not a directory` : `stat ${directory}: no such file or directory`}`,
    );
  }
  const old = await stat(path).catch(() => null);
  if (old?.isDirectory()) throw new Error(`${failure}: cannot write to a directory`);
}

/**
 * Writes a stream to a file (mode 0600) that appears whole or not at all. What is there and is no plain file
 * (a pipe, a device) is written to as it is. `failure` begins the error texts.
 */
export async function writeAtomically(path: string, body: AsyncIterable<Uint8Array>, failure: string): Promise<void> {
  const old = await stat(path).catch(() => null);
  const direct = old !== null && !old.isFile();
  const target = direct ? path : `${path}.${process.pid}.tmp`;
  try {
    const file = await open(target, direct ? "r+" : "wx", 0o600);
    try {
      for await (const chunk of body) await file.writeFile(chunk);
    } finally {
      await file.close();
    }
    if (!direct) await rename(target, path);
  } catch (error) {
    if (!direct) await rm(target, { force: true });
    if (error instanceof Error && "code" in error && "syscall" in error)
      throw new Error(`${failure}: ${systemWords(error)}`, { cause: error });
    throw error;
  }
}
