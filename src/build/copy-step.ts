import type { BuildContext } from "./context.ts";
import { parseChmod } from "./chmod.ts";
import type { CopyOptions, Instruction } from "./dockerfile/instructions.ts";
import { DockerfileError } from "./dockerfile/source.ts";
import { resolveUser } from "../runtime/spec/user.ts";
import { copyArchive, planCopy, SourceNotFound, TargetInTheWay, type CopyItem, type CopyRequest } from "./source/copy-plan.ts";
import { inside } from "./source/path.ts";
import type { SourceTree } from "./source/tree.ts";
import { TargetRoot } from "./target.ts";
import type { Variables } from "./variables.ts";

/** COPY or ADD with its variables in place. */
export interface ExpandedCopy {
  sources: string[];
  destination: string;
  chown: string | undefined;
  chmod: string | undefined;
  exclude: string[];
  parents: boolean;
  inline: { name: string; content: string }[];
}

export function expandCopy(instruction: Instruction & CopyOptions, variables: Variables, cwd: string): ExpandedCopy {
  const one = (text: string) => variables.expand(text, instruction.range);
  const destination = one(instruction.destination);
  const chmod = instruction.chmod === undefined ? undefined : one(instruction.chmod);
  if (chmod !== undefined && !parseChmod(chmod)) throw new DockerfileError(`invalid chmod parameter: '${chmod}'. it should be octal string and between 0 and 07777`, instruction.range);
  return {
    sources: instruction.sources.map(one),
    destination: destination.startsWith("/") ? destination : `${cwd === "/" ? "" : cwd}/${destination === "." ? "" : destination}`,
    chown: instruction.chown === undefined ? undefined : one(instruction.chown),
    chmod,
    exclude: instruction.exclude.map(one),
    parents: instruction.parents,
    inline: instruction.inline.map((doc) => ({ name: doc.name, content: doc.expand ? variables.expand(doc.content, instruction.range, { keepQuotes: true }) : doc.content })),
  };
}

/** The plan of a copy for its cache key: what comes from where, whatever the target looks like. */
export function planForKey(tree: SourceTree, copy: ExpandedCopy): CopyItem[] {
  return planCopy(tree, { ...requestOf(copy), target: () => undefined, owner: undefined });
}

/** Does the copy upon a mounted root filesystem. */
export async function copyStep(ctx: BuildContext, tree: SourceTree, copy: ExpandedCopy, root: string, options: { range: Instruction["range"]; epoch: number | undefined; signal: AbortSignal }): Promise<number> {
  using target = new TargetRoot(root);
  const user = copy.chown === undefined ? { uid: 0, gid: 0 } : resolveUser(root, copy.chown, []);
  // A user alone means the group of the same number, not the user's own (Dockerfile reference, COPY --chown).
  const gid = copy.chown !== undefined && !copy.chown.includes(":") && /^\d+$/.test(copy.chown) ? Number(copy.chown) : user.gid;
  const path = inside(copy.destination);
  // A link at the destination stays: what it leads to is written.
  const destination = target.kind(path) === "directory" || copy.destination.endsWith("/") ? copy.destination : `/${target.follow(path)}`;
  const items = placed(options.range, () => planCopy(tree, { ...requestOf(copy), destination, target: (path) => target.kind(path), owner: { uid: user.uid, gid } }));
  const { bytes } = await ctx.images.archiver.extract(copyArchive(tree, items, Math.floor(Date.now() / 1000), options.epoch), root, { compression: "none" }, options.signal);
  return bytes;
}

function requestOf(copy: ExpandedCopy): Omit<CopyRequest, "target" | "owner"> {
  return {
    sources: copy.sources, destination: copy.destination, exclude: copy.exclude, parents: copy.parents,
    chmod: (copy.chmod === undefined ? undefined : parseChmod(copy.chmod)) ?? ((mode) => mode),
  };
}

/** What a plan refuses as a mistake in the Dockerfile, with its place. */
export function placed<T>(range: Instruction["range"], work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof TargetInTheWay) throw new DockerfileError(error.message, range, { cause: error, near: error.path });
    if (error instanceof SourceNotFound) throw new DockerfileError(error.message, range, { cause: error, near: error.path.replace(/^\//, "") });
    throw error;
  }
}
