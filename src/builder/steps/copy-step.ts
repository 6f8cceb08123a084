import { errorMessage, invalid } from "../../lib/errors.ts";
import type { TreeItem } from "../../linux/archive/options.ts";
import type { BuilderDeps } from "../deps.ts";
import type { CopyOptions, Instruction } from "../dockerfile/instructions.ts";
import { chomped } from "../dockerfile/lex.ts";
import { DockerfileError } from "../dockerfile/source.ts";
import type { Variables } from "../plan/variables.ts";
import { contentsOf, copyArchive } from "../source/copy-archive.ts";
import {
  type CopyItem,
  type CopyRequest,
  emptyTarget,
  type Owner,
  planCopy,
  planFolders,
  seconds,
  TargetInTheWay,
} from "../source/copy-plan.ts";
import { digestItems } from "../source/digest-items.ts";
import { type FoundSource, SourceNotFound } from "../source/find-sources.ts";
import { layerItems } from "../source/layer-items.ts";
import type { SourceTree } from "../source/tree.ts";
import { parseChmod } from "./chmod.ts";
import { namesAccounts, ownerIn, root as rootOwner } from "./owner.ts";
import { TargetRoot } from "./target.ts";

/** COPY or ADD with its variables in place. */
export interface ExpandedCopy {
  /** Paths and patterns, or what they were found to mean. */
  sources: readonly (string | FoundSource)[];
  /** As it is written, and absolute. */
  written: string;
  destination: string;
  chown: string | undefined;
  chmod: string | undefined;
  exclude: string[];
  parents: boolean;
  inline: { name: string; content: string }[];
}

/** Something that a COPY or ADD brings. */
export type CopyPart =
  /** `owner`: whose the files are without `--chown`; undefined: as in the tree. */
  | { tree: SourceTree; copy: ExpandedCopy; owner: Owner | undefined }
  /** An archive that is unpacked at the destination. */
  | { tree: SourceTree; copy: ExpandedCopy; archive: string };

/**
 * Expands the variables of a COPY or ADD and makes the destination absolute (`cwd`: the working directory). Throws a
 * DockerfileError for a `--chmod` that is neither octal nor symbolic.
 */
export function expandCopy(instruction: Instruction & CopyOptions, variables: Variables, cwd: string): ExpandedCopy {
  const one = (text: string) => variables.expand(text, instruction.range);
  const destination = one(instruction.destination);
  const chmod = instruction.chmod === undefined ? undefined : one(instruction.chmod);
  if (chmod && !parseChmod(chmod)) {
    throw new DockerfileError(
      /^\d/.test(chmod)
        ? `invalid chmod parameter: '${chmod}'. it should be octal string and between 0 and 07777`
        : "invalid syntax",
      instruction.range,
      { near: instruction.chmod ?? "" },
    );
  }
  return {
    sources: instruction.sources.map(one),
    written: destination,
    destination: destination.startsWith("/")
      ? destination
      : `${cwd === "/" ? "" : cwd}/${destination === "." ? "" : destination}`,
    // An empty flag is none.
    chown: (instruction.chown === undefined ? undefined : one(instruction.chown)) || undefined,
    chmod: chmod || undefined,
    exclude: instruction.exclude.map(one),
    parents: instruction.parents,
    inline: instruction.inline.map((doc) => ({
      name: doc.name,
      content: doc.expand
        ? variables.expand(chomped(doc), instruction.range, { keepQuotes: true, escape: "\\" })
        : chomped(doc),
    })),
  };
}

/** The line that a COPY or ADD leaves in the image's history, as BuildKit writes it. */
export function toldCopy(kind: "COPY" | "ADD", copy: ExpandedCopy): string {
  const flags = [
    ...(copy.parents ? ["--parents"] : []),
    ...(copy.chown ? [`--chown=${copy.chown}`] : []),
    ...(copy.chmod ? [`--chmod=${copy.chmod}`] : []),
  ];
  return [
    kind,
    ...flags,
    ...copy.sources,
    ...copy.inline.map((doc) => `<<${doc.name}`),
    copy.written,
    "# buildkit",
  ].join(" ");
}

/** What a step's cache key has to hold of a copy besides what it brings. */
export function copyOperation(copy: ExpandedCopy) {
  return { copy: copy.destination, chown: copy.chown ?? "", chmod: copy.chmod ?? "" };
}

/** What a part brings, as a digest for the cache key. */
export async function digestPart(part: CopyPart, range: Instruction["range"], signal: AbortSignal): Promise<string> {
  if ("archive" in part) return `unpack ${await part.tree.digest(part.archive, signal)}`;
  return digestItems(part.tree, await placedLater(range, planForKey(part, signal)), signal);
}

/** The plan of a copy for its cache key: what comes from where, whatever the target looks like. */
function planForKey(
  { tree, copy, owner }: { tree: SourceTree; copy: ExpandedCopy; owner: Owner | undefined },
  signal: AbortSignal,
): Promise<CopyItem[]> {
  return planCopy(
    tree,
    { ...requestOf(copy), target: emptyTarget, owner: copy.chown === undefined ? owner : rootOwner },
    signal,
  );
}

/** Where a part goes. `bare`: the root filesystem began as nothing. */
interface CopyPlace {
  range: Instruction["range"];
  bare: boolean;
  epoch: number | undefined;
  signal: AbortSignal;
}

/**
 * The whole layer that a part makes upon a mounted root filesystem, for those that are made without writing through the
 * mount; undefined: it is to be performed.
 */
export async function layPart(part: CopyPart, root: string, options: CopyPlace): Promise<TreeItem[] | undefined> {
  if ("archive" in part || !part.tree.stored || options.epoch !== undefined) return undefined;
  using target = new TargetRoot(root);
  const items = await planPart(part, target, chownOf(part, root, options), options);
  await part.tree.ready?.(contentsOf(items));
  return layerItems(part.tree, items, (path) => target.below(path));
}

/** Puts a part upon a mounted root filesystem. */
export async function performPart(
  deps: Pick<BuilderDeps, "images">,
  part: CopyPart,
  root: string,
  options: CopyPlace,
): Promise<void> {
  const { tree, copy } = part;
  const named = chownOf(part, root, options);
  const { archiver } = deps.images;
  using target = new TargetRoot(root);
  const extract = (items: readonly CopyItem[]) =>
    archiver.extract(
      copyArchive(tree, items, options.epoch),
      root,
      { compression: "none", otherKind: "refuse-copy" },
      options.signal,
    );
  if (!("archive" in part)) {
    await extract(await planPart(part, target, named, options));
    return;
  }
  const { items, path } = placed(options.range, () =>
    planFolders({ ...requestOf(copy), folderMode: 0o755, target, owner: named }),
  );
  if (items.length > 0) await extract(items);
  await archiver.extract(tree.read(part.archive), root, { into: path, ...(named && { owner: named }) }, options.signal);
}

/** Whose `--chown` says that the files are. */
function chownOf({ copy }: CopyPart, root: string, { bare }: CopyPlace): Owner | undefined {
  if (copy.chown === undefined) return undefined;
  if (bare && namesAccounts(copy.chown))
    throw invalid(`unable to find user ${copy.chown}: no matching entries in passwd file`);
  return ownerIn(root, copy.chown);
}

function planPart(
  { tree, copy, owner }: Exclude<CopyPart, { archive: string }>,
  target: TargetRoot,
  named: Owner | undefined,
  { range, signal }: CopyPlace,
): Promise<CopyItem[]> {
  return placedLater(range, planCopy(tree, { ...requestOf(copy), target, owner: named ?? owner }, signal));
}

function requestOf(copy: ExpandedCopy): Omit<CopyRequest, "target" | "owner"> {
  const chmod = copy.chmod === undefined ? undefined : parseChmod(copy.chmod);
  return {
    sources: copy.sources,
    destination: copy.destination,
    exclude: copy.exclude,
    parents: copy.parents,
    now: seconds(),
    chmod: chmod ?? ((mode) => mode),
    // A number goes for what is made on the way too, as far as the usual mask lets it.
    folderMode: chmod && /^[0-7]+$/.test(copy.chmod ?? "") ? chmod(0, "directory") & 0o755 : 0o755,
  };
}

/** What a plan refuses as a mistake in the Dockerfile, with its place. */
export function placed<T>(range: Instruction["range"], work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw withPlace(error, range);
  }
}

/** As `work`, but what it throws shows the place `range` of the Dockerfile. */
export function placedLater<T>(range: Instruction["range"], work: Promise<T>): Promise<T> {
  return work.catch((error: unknown) => {
    throw withPlace(error, range);
  });
}

function withPlace(error: unknown, range: Instruction["range"]): unknown {
  if (error instanceof TargetInTheWay)
    return new DockerfileError(errorMessage(error), range, { cause: error, near: error.path });
  if (error instanceof SourceNotFound)
    return new DockerfileError(errorMessage(error), range, { cause: error, near: error.path.replace(/^\//, "") });
  return error;
}
