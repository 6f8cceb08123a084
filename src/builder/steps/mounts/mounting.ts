import { join } from "node:path";
import type { Mount } from "../../../linux/mount.ts";
import type { BuilderDeps } from "../../deps.ts";
import type { RunMount } from "../../dockerfile/instructions.ts";
import type { BuildSession } from "../../session/session.ts";
import { copyArchive } from "../../source/copy-archive.ts";
import { planAll } from "../../source/copy-plan.ts";
import type { SourceTree } from "../../source/tree.ts";

/** Where a `from=` leads: a chain of layers, or a tree of files. */
export type MountOrigin = { chain: readonly string[] } | { tree: SourceTree };

/** The mounts of one RUN while they are made. */
export interface Mounting {
  deps: BuilderDeps;
  /** The client that secrets and agents are asked of. */
  session: Pick<BuildSession, "secret" | "agent">;
  /** What a mount that cannot be is told as: with its place, where it has one. */
  refuse: (message: string) => Error;
  /** Where relative targets begin. */
  cwd: string;
  signal: AbortSignal;
  /** Finds and brings the files behind a mount's `from=`. */
  origin: (mount: RunMount) => Promise<MountOrigin>;
  /** How what is made goes again. */
  undo: AsyncDisposableStack;
  /** A directory for as long as the step runs. */
  scratch: string;
}

/** What a mount comes to in the step's sandbox; without a mount where it has nothing to show. */
export interface MadeMount {
  mount?: Mount;
  /** `NAME=value`. */
  env?: string;
}

/** Absolute; empty for secrets and agents that name none. */
export function targetOf({ cwd, refuse }: Pick<Mounting, "cwd" | "refuse">, { type, target = "" }: RunMount) {
  if (target === "" && (type === "secret" || type === "ssh")) return "";
  const path = target.startsWith("/") ? join("/", target) : join("/", cwd, target);
  if (path === "/") throw refuse(`invalid mount target ${JSON.stringify(path)}`);
  return path;
}

/** Copies what stands at a path of a tree into a directory of the host. */
export async function unpackInto(
  { deps, signal }: Mounting,
  tree: SourceTree,
  source: string,
  into: string,
): Promise<void> {
  const items = await planAll(tree, source || "/", { signal });
  await deps.images.archiver.extract(copyArchive(tree, items), into, { compression: "none" }, signal);
}
