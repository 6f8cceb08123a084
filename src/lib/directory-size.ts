import { lstat, readdir } from "node:fs/promises";
import { hasCode } from "./errors.ts";

/**
 * Bytes of the files below a directory, a file with several names counted once, holes not. Unreadable or vanishing
 * parts count as nothing.
 */
export async function directorySize(path: string): Promise<number> {
  const seen = new Set<string>();
  let total = 0;
  const pending = [path];
  for (let dir = pending.pop(); dir !== undefined; dir = pending.pop()) {
    for (const entry of await entriesOf(dir)) {
      const full = `${dir}/${entry.name}`;
      if (entry.isDirectory()) {
        pending.push(full);
        continue;
      }
      const stat = await lstat(full).catch(() => null);
      if (!stat) continue;
      if (stat.nlink > 1) {
        const key = `${stat.dev}:${stat.ino}`;
        if (seen.has(key)) continue;
        seen.add(key);
      }
      total += Math.min(stat.size, stat.blocks * 512);
    }
  }
  return total;
}

async function entriesOf(dir: string) {
  try {
    return await readdir(dir, { withFileTypes: true });
  } catch (error) {
    if (hasCode(error, "ENOENT", "EACCES", "ENOTDIR")) return [];
    throw error;
  }
}
