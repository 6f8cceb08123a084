import { encodeHeader, endOfArchive, padding } from "../../lib/tar/writer.ts";
import type { CopyItem } from "./copy-plan.ts";
import type { SourceTree } from "./tree.ts";

/** The files whose content planned things have. */
export function contentsOf(items: readonly CopyItem[]): string[] {
  return items.flatMap(({ from, entry }) => (from !== undefined && entry.type === "file" ? [from] : []));
}

/**
 * The planned things as an archive to be extracted over the target's root. `clampMtime`: seconds; nothing is younger.
 */
export async function* copyArchive(
  tree: SourceTree,
  items: readonly CopyItem[],
  clampMtime?: number,
): AsyncGenerator<Uint8Array> {
  let held: Uint8Array[] = [];
  let heldBytes = 0;
  /**
   * Files of several names: where the first of them went. What is copied with other modes or owners is another file.
   */
  const names = new Map<string, string>();
  const hold = (chunk: Uint8Array) => {
    held.push(chunk);
    heldBytes += chunk.length;
  };
  await tree.ready?.(contentsOf(items));
  for (const { from, to, entry, source } of items) {
    let { mtime, mtimeNanos } = entry;
    if (clampMtime !== undefined && mtime >= clampMtime) [mtime, mtimeNanos] = [clampMtime, 0];
    const { inode, ...header } = entry;
    const file = inode === undefined ? undefined : `${source} ${inode} ${entry.mode} ${entry.uid} ${entry.gid}`;
    const first = file === undefined ? undefined : names.get(file);
    if (first !== undefined) {
      hold(
        encodeHeader({
          ...header,
          name: to,
          type: "link",
          linkName: first,
          size: 0,
          uname: "",
          gname: "",
          mtime,
          mtimeNanos,
        }),
      );
      continue;
    }
    if (file !== undefined) names.set(file, to);
    hold(encodeHeader({ ...header, name: to, uname: "", gname: "", mtime, mtimeNanos }));
    if (entry.type === "file" && from !== undefined) {
      let done = 0;
      for await (const chunk of tree.read(from)) {
        hold(chunk);
        done += chunk.length;
        if (heldBytes >= 1 << 20) {
          yield Buffer.concat(held);
          held = [];
          heldBytes = 0;
        }
      }
      if (done !== entry.size) throw new Error(`${from} changed while it was copied`);
      hold(padding(entry.size));
    }
    if (heldBytes >= 1 << 20) {
      yield Buffer.concat(held);
      held = [];
      heldBytes = 0;
    }
  }
  hold(endOfArchive());
  yield Buffer.concat(held);
}
