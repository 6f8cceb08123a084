import { Breath } from "../../lib/breath.ts";
import type { Instruction } from "../dockerfile/instructions.ts";
import { isGit, isUrl } from "../source/add-source.ts";
import type { ContextFiles } from "../source/context-files.ts";
import { findSources } from "../source/find-sources.ts";
import { inside } from "../source/path.ts";
import { resolve, type SourceTree, walk } from "../source/tree.ts";
import type { Plan } from "./plan.ts";

/** What the steps of a build take of its context. */
export interface Taken {
  /** Paths and patterns, as they are written. */
  paths: string[];
  /** There is more that only the steps will know. */
  more: boolean;
}

/** Finds out what the steps take, as far as the text of the Dockerfile says; undefined: nothing at all. */
export function takenOf(plans: readonly Plan[]): Taken | undefined {
  const all: Taken[] = [];
  for (const { stages, reachable } of plans)
    for (const index of reachable)
      for (const instruction of stages[index]?.stage.instructions ?? []) {
        const taken = takenBy(instruction);
        if (taken) all.push(taken);
      }
  if (all.length === 0) return undefined;
  return { paths: [...new Set(all.flatMap(({ paths }) => paths))], more: all.some(({ more }) => more) };
}

/** What the client is to list; undefined: everything. */
export function listOf({ paths, more }: Taken): string[] | undefined {
  const clean = paths.map((path) => inside(path.replace("/./", "/")));
  return more || clean.some((path) => path === "" || path.includes("**")) ? undefined : clean;
}

/**
 * Has the client send what steps will take while others still run. Only a head start: what goes wrong is the steps' own
 * matter.
 */
export async function prefetch(files: ContextFiles, { paths }: Taken, signal: AbortSignal): Promise<void> {
  if (files.digests?.seen) return;
  const tree = await files.tree();
  if (!tree.learn) return;
  const found = new Set<string>();
  const breath = new Breath();
  for (const source of paths) {
    for (const path of filesOf(tree, source)) {
      found.add(path);
      if (breath.due) await breath.take(signal);
    }
  }
  await tree.learn([...found]);
}

function takenBy(instruction: Instruction): Taken | undefined {
  switch (instruction.kind) {
    case "COPY":
      return instruction.from === undefined ? taken(instruction.sources) : undefined;
    case "ADD":
      return taken(instruction.sources.filter((source) => !isUrl(source) && !isGit(source)));
    case "RUN":
      // What a mount brings may be looked at anywhere.
      return instruction.mounts.some((mount) => !/(^|,)(type=(?!bind)|from=)/.test(mount))
        ? { paths: [], more: true }
        : undefined;
    default:
      return undefined;
  }
}

function taken(sources: readonly string[]): Taken | undefined {
  if (sources.length === 0) return undefined;
  const paths = sources.filter((source) => !source.includes("$"));
  return { paths, more: paths.length < sources.length };
}

function* filesOf(tree: SourceTree, source: string): Generator<string> {
  for (const { path } of findSources(tree, source)) {
    const real = resolve(tree, path);
    const type = real === undefined ? undefined : tree.entry(real)?.type;
    if (real === undefined || type === undefined) continue;
    if (type === "file") yield real;
    else if (type === "directory")
      for (const { path: each, entry } of walk(tree, real)) if (entry.type === "file") yield each;
  }
}
