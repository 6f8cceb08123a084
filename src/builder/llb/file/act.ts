import type { FileAction, Owner as WireOwner } from "../../../api/buildkit/llb.ts";
import { invalid } from "../../../lib/errors.ts";
import { tarEntry } from "../../../lib/tar/entry.ts";
import type { TreeItem } from "../../../linux/archive/options.ts";
import type { StageResult } from "../../result.ts";
import { contentsOf, copyArchive } from "../../source/copy-archive.ts";
import { type CopyItem, type Owner, planFolders, seconds } from "../../source/copy-plan.ts";
import { FolderTree } from "../../source/folder-tree.ts";
import { layerItems } from "../../source/layer-items.ts";
import { MemoryTree } from "../../source/memory-tree.ts";
import { baseOf, inside, parentOf } from "../../source/path.ts";
import { glob, type SourceTree } from "../../source/tree.ts";
import { ownerIn } from "../../steps/owner.ts";
import { TargetRoot } from "../../steps/target.ts";
import { withView } from "../../steps/view.ts";
import type { LlbWork } from "../work.ts";
import { permissions, timeOf } from "./action.ts";
import { planFileCopy } from "./copy.ts";
import type { FilePlan, Origin } from "./plan.ts";

/** An action with what it acts upon. */
export interface Acting {
  action: FileAction;
  /** The mounted root filesystem. */
  root: string;
  plan: FilePlan;
  layers: (origin: Origin) => Promise<StageResult>;
  /** What a copy takes from. */
  tree?: SourceTree;
}

/** Does one action to a mounted root filesystem. */
export async function act(work: LlbWork, acting: Acting): Promise<void> {
  const { copy, makeFile, makeDir, remove, symlink } = acting.action;
  if (copy) return copyFiles(work, acting, copy);
  if (makeFile) return writeFile(work, acting, makeFile);
  if (makeDir) return makeFolder(work, acting, makeDir);
  if (symlink) return makeLink(work, acting, symlink);
  if (remove) return removeFiles(work, acting.root, remove);
}

/**
 * The whole layer that a copy makes, where that is to be told without writing through the mount; undefined: it is to be
 * done.
 */
export async function layCopy(work: LlbWork, acting: Acting): Promise<TreeItem[] | undefined> {
  const { root, tree } = acting;
  const { copy } = acting.action;
  const { signal, epoch } = work;
  if (!copy || !tree?.stored || epoch !== undefined) return undefined;
  using target = new TargetRoot(root);
  const owner = await ownerOf(work, acting, copy.owner);
  const { items, archives } = await planFileCopy(tree, copy, { target, owner, signal });
  if (archives.length > 0) return undefined;
  await tree.ready?.(contentsOf(items));
  return layerItems(tree, items, (path) => target.below(path));
}

async function copyFiles(work: LlbWork, acting: Acting, copy: NonNullable<FileAction["copy"]>): Promise<void> {
  const { root, tree } = acting;
  if (!tree) return;
  const { signal, deps, epoch } = work;
  const owner = await ownerOf(work, acting, copy.owner);
  using target = new TargetRoot(root);
  const { items, archives } = await planFileCopy(tree, copy, { target, owner, signal });
  await extract(work, root, tree, items, copy.alwaysReplaceExistingDestPaths ? "replace" : "refuse-copy");
  if (archives.length === 0) return;
  const folders = planFolders({ destination: copy.dest, target, owner, folderMode: 0o755, now: seconds() });
  if (folders.items.length > 0)
    await deps.images.archiver.extract(copyArchive(tree, folders.items, epoch), root, { compression: "none" }, signal);
  for (const path of archives)
    await deps.images.archiver.extract(tree.read(path), root, { into: folders.path, ...(owner && { owner }) }, signal);
}

async function writeFile(work: LlbWork, acting: Acting, make: NonNullable<FileAction["makeFile"]>): Promise<void> {
  const { path, data, mode, timestamp, owner } = make;
  using target = new TargetRoot(acting.root);
  const to = target.follow(inside(path));
  if (to === "" || target.at(to)?.type === "directory") throw invalid(`open ${path}: is a directory`);
  if (target.at(parentOf(to))?.type !== "directory") throw invalid(`open ${path}: no such file or directory`);
  const name = "data";
  const entry = tarEntry({
    name: to,
    size: data.length,
    mode: permissions(mode) & 0o777,
    ...timeOf(timestamp),
    ...((await ownerOf(work, acting, owner)) ?? {}),
  });
  await extract(work, acting.root, new MemoryTree([{ name, content: data }]), [{ from: name, to, entry, source: 0 }]);
}

async function makeFolder(work: LlbWork, acting: Acting, make: NonNullable<FileAction["makeDir"]>): Promise<void> {
  const { path, mode, makeParents, timestamp, owner } = make;
  using target = new TargetRoot(acting.root);
  const to = target.follow(inside(path));
  const missing: string[] = [];
  for (let at = to; at !== "" && target.at(at) === undefined; at = parentOf(at)) missing.unshift(at);
  if (missing.length === 0) {
    if (makeParents && target.at(to)?.type !== "directory") throw invalid(`mkdir ${path}: not a directory`);
    return;
  }
  if (missing.length > 1 && !makeParents) throw invalid(`mkdir ${path}: no such file or directory`);
  if (target.at(parentOf(missing[0] ?? ""))?.type !== "directory") throw invalid(`mkdir ${path}: not a directory`);
  const whose = (await ownerOf(work, acting, owner)) ?? {};
  const items = missing.map((each): CopyItem => {
    const entry = tarEntry({ name: each, type: "directory", mode: permissions(mode), ...timeOf(timestamp), ...whose });
    return { from: undefined, to: each, entry, source: 0 };
  });
  await extract(work, acting.root, nothing, items);
}

async function makeLink(work: LlbWork, acting: Acting, make: NonNullable<FileAction["symlink"]>): Promise<void> {
  const { oldPath, newPath, timestamp, owner } = make;
  using target = new TargetRoot(acting.root);
  const to = target.follow(inside(newPath));
  if (target.at(to) !== undefined) throw invalid(`symlink ${oldPath} ${newPath}: file exists`);
  if (target.at(parentOf(to))?.type !== "directory")
    throw invalid(`symlink ${oldPath} ${newPath}: no such file or directory`);
  const entry = tarEntry({
    name: to,
    type: "symlink",
    mode: 0o777,
    linkName: oldPath,
    ...timeOf(timestamp),
    ...((await ownerOf(work, acting, owner)) ?? {}),
  });
  await extract(work, acting.root, nothing, [{ from: undefined, to, entry, source: 0 }]);
}

async function removeFiles(
  work: LlbWork,
  root: string,
  { path, allowNotFound, allowWildcard }: NonNullable<FileAction["remove"]>,
): Promise<void> {
  using target = new TargetRoot(root);
  using tree = new FolderTree(root);
  const wild = allowWildcard && /[*?[\\]/.test(path);
  const found = wild ? glob(tree, path).paths : [inside(path)];
  const items = found.flatMap((each): CopyItem[] => {
    if (each === "") throw invalid(`cannot remove ${path}`);
    // A link itself is removed, not what it leads to.
    const parent = target.follow(parentOf(each));
    const name = baseOf(each);
    const to = parent === "" ? name : `${parent}/${name}`;
    if (target.at(to) === undefined) {
      if (allowNotFound || wild) return [];
      throw invalid(`stat /${each}: no such file or directory`);
    }
    const whiteout = `${parent === "" ? "" : `${parent}/`}.wh.${name}`;
    return [{ from: undefined, to: whiteout, entry: tarEntry({ name: whiteout }), source: 0 }];
  });
  if (items.length === 0) return;
  await work.deps.images.archiver.extract(
    copyArchive(nothing, items),
    root,
    { compression: "none", whiteouts: "apply" },
    work.signal,
  );
}

const nothing = new MemoryTree([]);

async function extract(
  { deps, epoch, signal }: LlbWork,
  root: string,
  tree: SourceTree,
  items: readonly CopyItem[],
  otherKind: "replace" | "refuse-copy" = "refuse-copy",
): Promise<void> {
  if (items.length === 0) return;
  const archive = copyArchive(tree, items, epoch);
  await deps.images.archiver.extract(archive, root, { compression: "none", otherKind }, signal);
}

/** Whose the files are to be; undefined: as they are. Names are looked up in the root that the definition says. */
async function ownerOf(work: LlbWork, acting: Acting, owner: WireOwner | undefined): Promise<Owner | undefined> {
  if (!owner?.user && !owner?.group) return undefined;
  const { user, group } = owner;
  const word = (who: typeof user) => who?.byName?.name ?? String(who?.byId ?? 0);
  const spec = group ? `${word(user)}:${word(group)}` : word(user);
  const named = user?.byName ?? group?.byName;
  if (!named || named.input === acting.action.input) return ownerIn(acting.root, spec);
  const { chain } = await acting.layers(acting.plan.origin(named.input));
  return withView(work.deps, chain, async (_tree, root) => ownerIn(root, spec));
}
