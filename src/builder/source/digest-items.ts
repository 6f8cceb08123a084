import { Breath } from "../../lib/breath.ts";
import { contentsOf } from "./copy-archive.ts";
import type { CopyItem } from "./copy-plan.ts";
import type { SourceTree } from "./tree.ts";

/** Digest of what a copy brings: names, kinds, modes, owners, link targets and content; not times. */
export async function digestItems(tree: SourceTree, items: readonly CopyItem[], signal: AbortSignal): Promise<string> {
  const hasher = new Bun.CryptoHasher("sha256");
  /** Files of several names: where the first of them goes. */
  const names = new Map<string, string>();
  const breath = new Breath();
  await tree.learn?.(contentsOf(items));
  for (const { from, to, entry, source, name = "" } of items) {
    if (breath.due) await breath.take(signal);
    const known = entry.type === "file" && from !== undefined ? (tree.digest(from, signal) ?? "") : entry.linkName;
    const content = typeof known === "string" ? known : await known;
    const xattrs = [...(entry.xattrs ?? [])]
      .map(([key, value]) => `${key}=${Buffer.from(value).toString("hex")}`)
      .sort();
    const file = entry.inode === undefined ? undefined : `${source} ${entry.inode}`;
    const first = file === undefined ? "" : (names.get(file) ?? "");
    if (file !== undefined && first === "") names.set(file, to);
    hasher.update(
      JSON.stringify([
        to,
        name,
        entry.type,
        entry.mode,
        entry.uid,
        entry.gid,
        entry.devMajor,
        entry.devMinor,
        content,
        xattrs,
        first,
      ]),
    );
  }
  return hasher.digest("hex");
}
