import type { FileAction, FileCopy } from "../../../api/buildkit/llb.ts";
import { invalid } from "../../../lib/errors.ts";
import { isArchive } from "../../source/add-source.ts";
import { type CopyItem, type CopyTarget, emptyTarget, type Owner, planCopy, seconds } from "../../source/copy-plan.ts";
import { digestItems } from "../../source/digest-items.ts";
import { type FoundSource, SourceNotFound } from "../../source/find-sources.ts";
import { inside, parentOf } from "../../source/path.ts";
import { glob, resolve, type SourceTree } from "../../source/tree.ts";
import { parseChmod } from "../../steps/chmod.ts";
import { BadDefinition } from "../graph.ts";
import { permissions, timeOf } from "./action.ts";

/** What a copy takes: files that go to their places, and archives that are unpacked. */
export interface CopyPlan {
  items: readonly CopyItem[];
  archives: readonly string[];
}

/** What a copy takes from a tree and where it puts it. */
export async function planFileCopy(
  tree: SourceTree,
  copy: FileCopy,
  { target, owner, signal }: { target: CopyTarget; owner: Owner | undefined; signal: AbortSignal },
): Promise<CopyPlan> {
  const sources = sourcesOf(tree, copy);
  for (const path of copy.requiredPaths) if (resolve(tree, path) === undefined) throw new SourceNotFound(path);
  const archives: string[] = [];
  const plain: FoundSource[] = [];
  for (const found of sources) {
    const real = copy.unpack ? resolve(tree, found.path) : undefined;
    if (real !== undefined && tree.entry(real)?.type === "file" && (await isArchive(tree, real))) archives.push(real);
    else plain.push(found);
  }
  if (!copy.createDestPath) {
    const parent = target.follow(parentOf(inside(copy.dest)));
    if (target !== emptyTarget && target.at(parent)?.type !== "directory")
      throw invalid(`failed to stat ${copy.dest}: lstat /${parent}: no such file or directory`);
  }
  const chmod = chmodOf(copy);
  const items = await planCopy(
    tree,
    {
      sources: plain,
      destination: copy.dest.startsWith("/") ? copy.dest : `/${copy.dest}`,
      exclude: copy.excludePatterns,
      include: copy.includePatterns,
      contents: copy.dirCopyContents,
      followLast: copy.followSymlink,
      parents: false,
      target,
      owner,
      chmod,
      folderMode: copy.mode === -1 ? 0o755 : permissions(copy.mode),
      now: seconds(),
    },
    signal,
  );
  if (copy.timestamp === -1n) return { items, archives };
  const time = timeOf(copy.timestamp);
  return { items: items.map((item) => ({ ...item, entry: { ...item.entry, ...time } })), archives };
}

/** What a copy brings, for the cache key, whatever it is copied to. */
export async function digestCopy(tree: SourceTree, { copy }: FileAction, signal: AbortSignal): Promise<string> {
  if (!copy) return "";
  const { items, archives } = await planFileCopy(tree, copy, { target: emptyTarget, owner: undefined, signal });
  const unpacked = await Promise.all(archives.map((path) => tree.digest(path, signal)));
  return [await digestItems(tree, items, signal), ...unpacked].join(" ");
}

function sourcesOf(tree: SourceTree, { src, allowWildcard, allowEmptyWildcard }: FileCopy): FoundSource[] {
  if (!allowWildcard || !/[*?[\\]/.test(src)) return [{ path: inside(src), pivot: 0 }];
  const { paths } = glob(tree, src);
  if (paths.length === 0 && !allowEmptyWildcard) throw invalid(`/${inside(src)} not found`);
  return paths.map((path) => ({ path, pivot: 0 }));
}

function chmodOf({ mode, modeText }: FileCopy): (mode: number, type: CopyItem["entry"]["type"]) => number {
  if (modeText !== "") {
    const change = parseChmod(modeText);
    if (!change) throw new BadDefinition(`invalid mode ${JSON.stringify(modeText.slice(0, 100))}`);
    return change;
  }
  return mode === -1 ? (own) => own : () => permissions(mode);
}
