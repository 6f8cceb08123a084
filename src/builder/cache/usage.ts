import { lstat, readdir } from "node:fs/promises";
import { join } from "node:path";
import { hasCode } from "../../lib/errors.ts";

/** Bytes that a tree of ours takes. What goes away meanwhile counts for nothing. */
export async function usageOf(path: string): Promise<number> {
  try {
    const stat = await lstat(path);
    if (!stat.isDirectory()) return stat.blocks * 512;
    const sizes = await Promise.all((await readdir(path)).map((name) => usageOf(join(path, name))));
    return sizes.reduce((sum, size) => sum + size, stat.blocks * 512);
  } catch (error) {
    if (hasCode(error, "ENOENT")) return 0;
    throw error;
  }
}
