import { inTurns } from "../../lib/breath.ts";
import { IgnorePatterns } from "../../lib/ignore-patterns.ts";
import { type FoundSource, findSources, SourceNotFound } from "./find-sources.ts";
import { baseOf, inside, parentOf } from "./path.ts";
import { resolve, type SourceEntry, type SourceTree, walk } from "./tree.ts";

/** What stands at a path of the target. */
export type Standing = Pick<SourceEntry, "type" | "mode" | "uid" | "gid">;

/** The root filesystem that a copy goes to. */
export interface CopyTarget {
  /**
   * Where a path leads, links followed in all its parts as if the root were `/`; what is missing stays as it is named.
   */
  follow(path: string): string;
  /** What stands at a path that has no links in it; undefined: nothing. */
  at(path: string): Standing | undefined;
}

/** A COPY or ADD, with all variables expanded. */
export interface CopyRequest {
  sources: readonly (string | FoundSource)[];
  /** Absolute in the target's root; a slash at the end means a directory. */
  destination: string;
  exclude: string[];
  /** Below directories only what matches one of these; absent: all. */
  include?: readonly string[];
  /** Of a directory its contents (default), or itself as `cp` has it. */
  contents?: boolean;
  /** What a source's last link leads to (default), or the link itself. */
  followLast?: boolean;
  parents: boolean;
  target: CopyTarget;
  /** Owner of everything that is copied; undefined: as in the source. */
  owner: Owner | undefined;
  /** Applies `--chmod` to a mode. */
  chmod: (mode: number, type: SourceEntry["type"]) => number;
  /** Of directories that are made on the way. */
  folderMode: number;
  /** Seconds since 1970: the time of directories that are made on the way. */
  now: number;
}

/** Numbers of a user and a group. */
export interface Owner {
  uid: number;
  gid: number;
}

/** One thing to be made: where it comes from (undefined: a directory made for the way) and where it goes. */
export interface CopyItem {
  from: string | undefined;
  /** Relative to the target's root. */
  to: string;
  entry: SourceEntry;
  /** Which of the sources brings it. */
  source: number;
  /** A source's own name, which it keeps where the destination turns out to be a directory. */
  name?: string;
}

/** Something of the target stands where a directory has to be. */
export class TargetInTheWay extends Error {
  constructor(
    readonly path: string,
    message: string,
  ) {
    super(message);
  }
}

/** Nothing but an empty root: what a copy does by itself, whatever the target looks like. */
export const emptyTarget: CopyTarget = {
  follow: (path) => path,
  at: (path) => (path === "" ? { type: "directory", mode: 0o755, uid: 0, gid: 0 } : undefined),
};

/**
 * What COPY takes from a tree and where it puts it, in the order of making, with breaths. Throws {@link
 * SourceNotFound}, {@link TargetInTheWay}.
 */
export async function planCopy(tree: SourceTree, request: CopyRequest, signal?: AbortSignal): Promise<CopyItem[]> {
  return inTurns(new CopyPlan(tree, request).run(), signal);
}

/** Everything at a path of a tree (of a directory: what is in it), as it is, into an empty root. */
export function planAll(
  tree: SourceTree,
  path = "/",
  { exclude = [], signal }: { exclude?: string[]; signal?: AbortSignal } = {},
): Promise<CopyItem[]> {
  return planCopy(
    tree,
    {
      sources: [{ path: inside(path), pivot: 0 }],
      destination: "/",
      exclude,
      parents: false,
      target: emptyTarget,
      owner: undefined,
      chmod: (mode) => mode,
      folderMode: 0o755,
      now: seconds(),
    },
    signal,
  );
}

/** The directories that a path still lacks, to be made for the way. */
export function planFolders(request: Pick<CopyRequest, "destination" | "target" | "owner" | "folderMode" | "now">): {
  items: CopyItem[];
  path: string;
} {
  const plan = new CopyPlan(undefined, { ...request, sources: [], exclude: [], parents: false, chmod: (mode) => mode });
  return plan.folders();
}

/** The present time in whole seconds since 1970. */
export function seconds(): number {
  return Math.floor(Date.now() / 1000);
}

/** A plan in the making: sources are looked at one after another, each in the light of what those before it bring. */
class CopyPlan {
  readonly #items: CopyItem[] = [];
  readonly #made = new Map<string, Standing>();
  readonly #ignore: IgnorePatterns;
  readonly #include: IgnorePatterns | undefined;
  readonly #base: string;
  /** The destination is named as a directory. */
  readonly #folder: boolean;
  #source = 0;

  constructor(
    private readonly tree: SourceTree | undefined,
    private readonly request: CopyRequest,
  ) {
    this.#ignore = new IgnorePatterns(request.exclude);
    const { include = [] } = request;
    this.#include = include.length > 0 ? new IgnorePatterns([...include]) : undefined;
    this.#base = request.target.follow(inside(request.destination));
    this.#folder = request.parents || /(^|\/)\.?$/.test(request.destination);
  }

  *run(): Generator<void, CopyItem[]> {
    const { tree, request } = this;
    if (!tree) return this.#items;
    for (const source of request.sources) {
      for (const found of typeof source === "string" ? findSources(tree, source, request.parents) : [source]) {
        yield* this.#take(tree, found);
        this.#source++;
      }
    }
    return this.#items;
  }

  folders(): { items: CopyItem[]; path: string } {
    this.#ensure(this.#base);
    return { items: this.#items, path: this.#base };
  }

  *#take(tree: SourceTree, { path, pivot }: FoundSource): Generator<void> {
    yield;
    if (this.request.parents) return yield* this.#takeWithParents(tree, path, pivot);
    const real = resolve(tree, path, this.request.followLast);
    const entry = real === undefined ? undefined : tree.entry(real);
    if (real === undefined || !entry) throw new SourceNotFound(path);
    const base = this.#base;
    const kind = this.#at(base)?.type;
    if (entry.type === "directory" && this.request.contents === false)
      return yield* this.#takeWhole(tree, { path, real, entry });
    if (entry.type === "directory") {
      if (kind !== undefined && kind !== "directory" && !this.#folder)
        throw new TargetInTheWay(base, `cannot copy to non-directory: /${base}`);
      this.#ensure(base);
      // Of a directory its contents are copied; what takes them gets its time and stays what it is.
      const standing = this.#at(base);
      if (base !== "" && standing)
        this.#put({
          from: undefined,
          to: base,
          entry: { ...plainDirectory, ...standing, mtime: entry.mtime, mtimeNanos: entry.mtimeNanos },
        });
      return yield* this.#below(tree, real, base);
    }
    if (this.#ignore.ignores(baseOf(path)) || this.#ignore.ignores(path)) return;
    if (this.#folder) this.#ensure(base);
    const name = baseOf(path);
    const to = this.#folder || kind === "directory" ? join(base, name) : base;
    this.#ensure(parentOf(to));
    this.#add(real, to, entry, name);
    const standing = this.#made.get(base);
    // What was put into it after its time was set gives it a new one.
    if (to !== base && standing)
      this.#put({ from: undefined, to: base, entry: { ...plainDirectory, ...standing, mtime: this.request.now } });
  }

  /** A directory itself: in one that is there, else as what is named. */
  *#takeWhole(
    tree: SourceTree,
    { path, real, entry }: { path: string; real: string; entry: SourceEntry },
  ): Generator<void> {
    const base = this.#base;
    if (this.#folder) this.#ensure(base);
    const kind = this.#at(base)?.type;
    if (kind !== undefined && kind !== "directory")
      throw new TargetInTheWay(base, `cannot copy to non-directory: /${base}`);
    const to = kind === "directory" ? join(base, baseOf(path)) : base;
    this.#ensure(parentOf(to));
    if (to !== "" && this.#at(to)?.type !== "directory") this.#add(real, to, entry);
    yield* this.#below(tree, real, to);
  }

  /** Keeps the path below the pivot, its directories as they are in the source; links are copied, not followed. */
  *#takeWithParents(tree: SourceTree, path: string, pivot: number): Generator<void> {
    const entry = tree.entry(path);
    if (!entry) throw new SourceNotFound(path);
    const kept = inside(path.slice(pivot));
    if (entry.type !== "directory" && (this.#ignore.ignores(baseOf(path)) || this.#ignore.ignores(path))) return;
    this.#ensure(this.#base);
    const steps = kept.split("/").slice(0, -1);
    for (const depth of steps.keys()) {
      const below = steps.slice(0, depth + 1).join("/");
      const source = join(inside(path.slice(0, pivot)), below);
      const folder = tree.entry(source);
      const to = join(this.#base, below);
      if (folder && this.#at(to)?.type !== "directory") this.#add(source, to, folder);
    }
    const to = join(this.#base, kept);
    if (to !== "") this.#add(path, to, entry);
    if (entry.type === "directory") yield* this.#below(tree, path, to);
  }

  *#below(tree: SourceTree, folder: string, base: string): Generator<void> {
    const ignore = this.#ignore;
    const brought = new Set([""]);
    /** A directory that is left out comes for what in it is not. */
    const bring = (below: string) => {
      if (brought.has(below)) return;
      bring(parentOf(below));
      brought.add(below);
      const entry = tree.entry(join(folder, below));
      if (entry) this.#add(join(folder, below), join(base, below), entry);
    };
    for (const { path, entry } of walk(
      tree,
      folder,
      (each) => !ignore.hasExceptions && ignore.ignores(relative(folder, each)),
    )) {
      yield;
      const below = relative(folder, path);
      if (ignore.ignores(below) || this.#include?.ignores(below) === false) continue;
      if (entry.type === "directory") {
        bring(below);
        continue;
      }
      bring(parentOf(below));
      this.#add(path, join(base, below), entry);
    }
  }

  #at(path: string): Standing | undefined {
    return this.#made.get(path) ?? this.request.target.at(path);
  }

  #add(from: string, to: string, entry: SourceEntry, name?: string): void {
    const mode = entry.type === "symlink" ? entry.mode : this.request.chmod(entry.mode, entry.type);
    this.#put({ from, to, entry: { ...entry, ...this.request.owner, mode }, ...(name !== undefined && { name }) });
  }

  #put(item: Omit<CopyItem, "source">): void {
    this.#items.push({ ...item, source: this.#source });
    this.#made.set(item.to, item.entry);
  }

  /** Directories on the way that the target lacks belong to the new owner. */
  #ensure(path: string): void {
    const standing = this.#at(path);
    if (standing?.type === "directory") return;
    if (standing) throw new TargetInTheWay(path, `mkdir /${path}: not a directory`);
    this.#ensure(parentOf(path));
    const { owner, folderMode, now } = this.request;
    this.#put({ from: undefined, to: path, entry: { ...plainDirectory, ...owner, mode: folderMode, mtime: now } });
  }
}

const plainDirectory: SourceEntry = {
  type: "directory",
  mode: 0o755,
  uid: 0,
  gid: 0,
  uname: "",
  gname: "",
  size: 0,
  mtime: 0,
  mtimeNanos: 0,
  linkName: "",
  devMajor: 0,
  devMinor: 0,
};

function join(a: string, b: string): string {
  return a && b ? `${a}/${b}` : a || b;
}

function relative(base: string, path: string): string {
  return base === "" ? path : path.slice(base.length + 1);
}
