import type { FileAction, Op, OpMetadata } from "../../api/buildkit/llb.ts";

/** Longer names say no more: names of merges hold those of what is merged. */
const longestName = 2000;

/** How an operation is shown: as its description calls it, else as BuildKit would, by what it does. */
export function nameOf(
  op: Op,
  inputs: readonly { vertex: { name: string } }[],
  metadata: OpMetadata | undefined,
): string {
  const name = metadata?.description.get("llb.customname") || derived(op, (input) => inputs[input]?.vertex.name ?? "");
  return name.length > longestName ? `${name.slice(0, longestName)}…` : name;
}

function derived({ exec, source, file, build, merge, diff, inputs }: Op, input: (index: number) => string): string {
  if (source) return source.identifier;
  if (exec) return (exec.meta?.args ?? []).join(" ");
  if (file) return file.actions.map(actionName).filter(Boolean).join(", ");
  if (build) return "build";
  if (merge) return `merge (${inputs.map((_, index) => input(index)).join(", ")})`;
  if (diff) {
    const side = (index = -1) => (index === -1 ? "scratch" : `(${input(index)})`);
    return `diff ${side(diff.lower?.input)} -> ${side(diff.upper?.input)}`;
  }
  return "unknown";
}

function actionName({ copy, makeFile, makeDir, remove, symlink }: FileAction): string {
  if (copy) return `copy ${copy.src} ${copy.dest}`;
  if (makeFile) return `mkfile ${makeFile.path}`;
  if (makeDir) return `mkdir ${makeDir.path}`;
  if (remove) return `rm ${remove.path}`;
  return symlink ? `symlink ${symlink.newPath} -> ${symlink.oldPath}` : "";
}
