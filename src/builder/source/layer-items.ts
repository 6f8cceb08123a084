import type { TreeItem } from "../../linux/archive/options.ts";
import type { CopyItem } from "./copy-plan.ts";
import { baseOf, parentOf } from "./path.ts";
import type { SourceTree } from "./tree.ts";

/** What stands at a path of the layers below. */
export interface Below extends Pick<TreeItem, "mode" | "uid" | "gid" | "mtime" | "mtimeNanos"> {
  directory: boolean;
  /** It has attributes beyond these. */
  extended: boolean;
}

/** A thing of the layer. */
interface Node {
  item: TreeItem;
  /** A directory that there is below as well. */
  merged: boolean;
  /** Nothing planned says what it is: it comes along with what is in it, as it is below. */
  carried: boolean;
  children: Map<string, Node>;
}

/** Later times, and earlier ones, not every filesystem keeps. */
const latest = 2 ** 31;

/**
 * The whole of the layer that a planned copy makes upon others, as it would come of writing through an overlay mount:
 * directories on the way come along. Sorted as an archive of it is. `below`: looks at the layers; its paths have no
 * links in them. `now` (ms): the time of directories that something was put into. Undefined where it takes more than
 * making things: something else is in the way, or there are other names or attributes of files to be kept.
 */
export function layerItems(
  tree: SourceTree,
  items: readonly CopyItem[],
  below: (path: string) => Below | undefined,
  now = Date.now(),
): TreeItem[] | undefined {
  const root: Node = { item: directory("", rootBelow), merged: true, carried: true, children: new Map() };
  const nodes = new Map<string, Node>([["", root]]);
  /** Of a directory, which is there in the layer from then on. */
  const folder = (path: string): Node | undefined => {
    const known = nodes.get(path);
    if (known) return known.item.type === "directory" ? known : undefined;
    const parent = folder(parentOf(path));
    const standing = parent?.merged ? below(path) : undefined;
    if (!parent || !standing?.directory || standing.extended) return undefined;
    return place(parent, { item: directory(path, standing), merged: true, carried: true, children: new Map() });
  };
  const place = (parent: Node, node: Node): Node => {
    const { path } = node.item;
    parent.children.set(baseOf(path), node);
    nodes.set(path, node);
    if (!node.merged && parent.carried) touch(parent.item, now);
    return node;
  };
  for (const each of items) {
    const item = itemOf(tree, each);
    if (!item || item.path === "") return undefined;
    const parent = folder(parentOf(item.path));
    if (!parent) return undefined;
    const known = nodes.get(item.path);
    const standing = known || !parent.merged ? undefined : below(item.path);
    const isDirectory = item.type === "directory";
    const there = known ? known.item.type === "directory" : standing?.directory;
    if (there !== undefined && (there !== isDirectory || (isDirectory && standing?.extended))) return undefined;
    const merged = known?.merged ?? (isDirectory && there === true);
    const children = known?.children ?? new Map<string, Node>();
    place(parent, { item, merged, carried: false, children });
  }
  const sorted: TreeItem[] = [];
  const pending = [root];
  for (let node = pending.pop(); node; node = pending.pop()) {
    if (node !== root) sorted.push(node.item);
    const { children } = node;
    for (const name of [...children.keys()].sort().reverse()) {
      const child = children.get(name);
      if (child) pending.push(child);
    }
  }
  return sorted;
}

const rootBelow = { mode: 0o755, uid: 0, gid: 0, mtime: 0, mtimeNanos: 0 };

function directory(
  path: string,
  { mode, uid, gid, mtime, mtimeNanos }: Omit<Below, "directory" | "extended">,
): TreeItem {
  return { path, type: "directory", mode, uid, gid, mtime, mtimeNanos, linkName: "", size: 0 };
}

function touch(item: TreeItem, now: number): void {
  item.mtime = Math.floor(now / 1000);
  item.mtimeNanos = (now % 1000) * 1_000_000;
}

function itemOf(tree: SourceTree, { from, to, entry }: CopyItem): TreeItem | undefined {
  const { type, mode, uid, gid, mtime, mtimeNanos, linkName, size, xattrs, inode } = entry;
  if (type !== "file" && type !== "directory" && type !== "symlink") return undefined;
  if (xattrs || inode !== undefined || mtime < 0 || mtime >= latest) return undefined;
  const item = { path: to, type, mode: mode & 0o7777, uid, gid, mtime, mtimeNanos, linkName, size };
  if (type !== "file") return { ...item, size: 0 };
  const content = from === undefined ? undefined : tree.stored?.(from);
  if (!content && size > 0) return undefined;
  return { ...item, ...(content && { content }) };
}
