import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { release } from "node:os";
import { join } from "node:path";
import { hasCode } from "../lib/errors.ts";
import type { OciSpec } from "../oci/runtime.ts";
import { runtimeStateDir, type RuntimeContext } from "./context.ts";
import { isCrun, runtimeCommand } from "./runtime-command.ts";

/** Different profiles that are remembered; a machine rarely has more than two or three in use. */
const MAX_FILTERS = 32;
/** Tells crun to load a ready filter instead of making one from the specification; see crun(1). */
const ANNOTATION = "run.oci.seccomp_bpf_data";

/**
 * Compiling Docker's default profile takes crun 1.8 some 25 ms, more than all else it does to create a container.
 * crun leaves the compiled filter in its state directory: it is kept, by everything that it depends on, and handed to
 * crun the next time. The profile itself stays in the specification, for a crun that would not know the annotation.
 */
export function withCompiledSeccomp(ctx: RuntimeContext, spec: OciSpec, runtime: string): OciSpec {
  const file = filterFile(ctx, spec, runtime);
  if (file === null) return spec;
  try {
    return { ...spec, annotations: { ...spec.annotations, [ANNOTATION]: readFileSync(file).toString("base64") } };
  } catch (error) {
    if (hasCode(error, "ENOENT")) return spec;
    throw error;
  }
}

/** Keeps the filter of a container just created, if it is a new one. */
export function keepCompiledSeccomp(ctx: RuntimeContext, id: string, spec: OciSpec, runtime: string): void {
  const file = filterFile(ctx, spec, runtime);
  if (file === null || statSync(file, { throwIfNoEntry: false })) return;
  let filter;
  try {
    filter = readFileSync(join(runtimeStateDir(ctx, runtime), id, "seccomp.bpf"));
  } catch (error) {
    if (hasCode(error, "ENOENT")) return;
    throw error;
  }
  const directory = join(file, "..");
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const others = readdirSync(directory);
  if (others.length >= MAX_FILTERS) for (const name of others) rmSync(join(directory, name), { force: true });
  writeFileSync(`${file}.${id}`, filter, { mode: 0o600 });
  renameSync(`${file}.${id}`, file);
}

function filterFile(ctx: RuntimeContext, spec: OciSpec, runtime: string): string | null {
  const { seccomp } = spec.linux;
  if (!seccomp || !isCrun(ctx, runtime)) return null;
  const { path } = runtimeCommand(ctx, runtime);
  const { mtimeMs, size } = statSync(path, { throwIfNoEntry: false }) ?? { mtimeMs: 0, size: 0 };
  const key = createHash("sha256").update(JSON.stringify([seccomp, path, mtimeMs, size, release()])).digest("hex");
  return join(ctx.execRoot, "seccomp", key);
}
