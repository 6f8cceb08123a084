import { errorMessage } from "../../lib/errors.ts";
import { isDigest } from "../../oci/digest.ts";
import type { Instruction } from "../dockerfile/instructions.ts";
import { DockerfileError } from "../dockerfile/source.ts";
import type { Solve } from "../plan/solving.ts";
import { cloneGit, isArchive, isGit, isUrl } from "../source/add-source.ts";
import { fetchUrl } from "../source/fetch-url.ts";
import { findSources } from "../source/find-sources.ts";
import { gitSsh } from "../source/git-ssh.ts";
import { MemoryTree } from "../source/memory-tree.ts";
import { resolve } from "../source/tree.ts";
import { type CopyPart, type ExpandedCopy, placed } from "./copy-step.ts";
import { root } from "./owner.ts";
import type { StageWork } from "./stage-work.ts";

type Add = Extract<Instruction, { kind: "ADD" }>;

/**
 * What an ADD brings, in its order: files from elsewhere, files of the context, and of both those archives that are
 * unpacked.
 */
export async function addParts(
  work: StageWork,
  instruction: Add,
  copy: ExpandedCopy,
  opened: AsyncDisposableStack,
): Promise<CopyPart[]> {
  const { build } = work;
  const { range, checksum } = instruction;
  const parts: CopyPart[] = [];
  const sources = copy.sources.filter((source) => typeof source === "string");
  if (checksum !== undefined && (sources.length !== 1 || !sources.every((source) => isUrl(source) || isGit(source)))) {
    throw new DockerfileError(
      sources.length > 1
        ? "checksum can't be specified for multiple sources"
        : "checksum requires HTTP(S) or Git sources",
      range,
      { near: "--checksum" },
    );
  }
  if (checksum !== undefined && sources.every(isUrl) && !isDigest(checksum))
    throw new DockerfileError("invalid checksum digest format", range, { near: checksum });
  for (const source of sources) {
    if (isUrl(source)) parts.push(await fromUrl(build, instruction, source, copy, opened));
    else if (isGit(source)) parts.push(await fromGit(work, instruction, source, copy, opened));
    else parts.push(...(await fromContext(build, instruction, source, copy)));
  }
  return [...parts, ...inlineParts(copy)];
}

/** The files that here-documents are. */
export function inlineParts(copy: ExpandedCopy): CopyPart[] {
  if (copy.inline.length === 0) return [];
  const tree = new MemoryTree(copy.inline.map((doc) => ({ name: doc.name, content: Buffer.from(doc.content) })));
  return [
    {
      tree,
      copy: { ...copy, sources: copy.inline.map((doc) => ({ path: doc.name, pivot: 0 })), parents: false },
      owner: root,
    },
  ];
}

async function fromUrl(
  build: Solve,
  instruction: Add,
  source: string,
  copy: ExpandedCopy,
  opened: AsyncDisposableStack,
): Promise<CopyPart> {
  const { tree, name, digest } = opened.use(
    await at(
      build,
      instruction,
      source,
      fetchUrl(source, { tmp: build.deps.tmp, checksum: instruction.checksum, signal: build.signal }),
    ),
  );
  build.materials.set(source, digest);
  if (instruction.unpack && (await isArchive(tree, name))) return { tree, copy, archive: name };
  return { tree, copy: { ...copy, sources: [{ path: name, pivot: 0 }] }, owner: root };
}

async function fromGit(
  work: StageWork,
  instruction: Add,
  source: string,
  copy: ExpandedCopy,
  opened: AsyncDisposableStack,
): Promise<CopyPart> {
  const { build } = work;
  const { checksum, keepGitDir, range } = instruction;
  const { deps, request, signal } = build;
  const said = (text: string) => void build.events.output(work.stepId, 2, Buffer.from(text));
  const cloning = cloneGit(source, { tmp: deps.tmp, keepGitDir, said, ssh: gitSsh(request.session), signal });
  const { tree, commit, folder } = opened.use(await at(build, instruction, source, cloning));
  build.materials.set(source, commit);
  if (checksum !== undefined && !commit.startsWith(checksum))
    throw new DockerfileError(`expected checksum to match ${checksum}, got ${commit}`, range, { near: checksum });
  return { tree, copy: { ...copy, sources: [folder || "/"] }, owner: root };
}

async function fromContext(build: Solve, instruction: Add, source: string, copy: ExpandedCopy): Promise<CopyPart[]> {
  const tree = await (await build.context()).tree();
  const parts: CopyPart[] = [];
  for (const found of placed(instruction.range, () => findSources(tree, source))) {
    const path = resolve(tree, found.path);
    const unpacked =
      instruction.unpack !== false &&
      path !== undefined &&
      tree.entry(path)?.type === "file" &&
      (await isArchive(tree, path));
    parts.push(unpacked ? { tree, copy, archive: path } : { tree, copy: { ...copy, sources: [found] }, owner: root });
  }
  return parts;
}

/** What goes wrong while something is fetched is told where it is named. */
async function at<T>(build: Solve, { range }: Add, near: string, work: Promise<T>): Promise<T> {
  return work.catch((cause: unknown) => {
    build.signal.throwIfAborted();
    throw new DockerfileError(errorMessage(cause), range, { cause, near });
  });
}
