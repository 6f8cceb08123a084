import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { release } from "node:os";
import { join } from "node:path";
import { errorMessage, hasCode } from "../lib/errors.ts";
import type { OciSeccomp, OciSpec, OciSyscallRule } from "../oci/runtime.ts";
import type { RuntimeDeps } from "./deps.ts";
import { isCrun, runtimeCommand } from "./runtime-command.ts";
import { compileSeccomp } from "./seccomp-compile.ts";
import { answerUnknownCalls, highestCalls } from "./seccomp-unknown-calls.ts";

/** Different profiles that are remembered; a machine rarely has more than two or three in use. */
const MAX_FILTERS = 32;
/** Counts the changes in what is made of a profile here. */
const EDITION = 2;
/** Tells crun to load a ready filter instead of making one from the specification; see crun(1). */
const ANNOTATION = "run.oci.seccomp_bpf_data";
/** By default such calls are let through, or somebody else answers them. */
const PERMISSIVE = ["SCMP_ACT_ALLOW", "SCMP_ACT_LOG", "SCMP_ACT_TRACE"];
const EPERM = 1;
/** Where libseccomp may lie, and what changes with any library: it decides which calls a filter knows. */
const LIBRARIES = [
  "/etc/ld.so.cache",
  ...["lib", "lib64", "lib/x86_64-linux-gnu", "lib/aarch64-linux-gnu"].map((dir) => `/usr/${dir}/libseccomp.so.2`),
];

/**
 * Gives crun its filter of system calls ready made, so that calls that the profile cannot know answer ENOSYS, as under
 * runc. It is also much quicker: compiling Docker's default profile takes crun 1.8 some 25 ms, more than all else it
 * does to create a container. A filter is kept, by everything that it depends on. The profile itself stays in the
 * specification, for a crun that would not know the annotation; execs take the filter from the container.
 */
export async function withCompiledSeccomp(deps: RuntimeDeps, spec: OciSpec, runtime: string): Promise<OciSpec> {
  const { seccomp } = spec.linux;
  if (!seccomp || !isCrun(deps, runtime) || saysHow(spec)) return spec;
  const filter = await findOrCompile(deps, seccomp, runtime);
  return filter === null
    ? spec
    : { ...spec, annotations: { ...spec.annotations, [ANNOTATION]: filter.toString("base64") } };
}

/** Whether whoever made the container tells crun by annotations what to do with its filter. */
const saysHow = ({ annotations }: OciSpec) =>
  Object.keys(annotations ?? {}).some((name) => name.startsWith("run.oci.seccomp"));

/** Null where crun cannot: the profile may be wrong, and the container's own creation says how. */
async function findOrCompile(deps: RuntimeDeps, seccomp: OciSeccomp, runtime: string): Promise<Buffer | null> {
  const file = filterFile(deps, seccomp, runtime);
  const kept = readKept(file);
  if (kept !== null) return kept;
  using _turn = await deps.compiling.acquire("seccomp");
  const meanwhile = readKept(file);
  if (meanwhile !== null) return meanwhile;
  try {
    const filter = await makeFilter(deps, seccomp, runtime);
    keep(file, filter);
    return filter;
  } catch (error) {
    deps.log.warn("cannot prepare a filter of system calls", { runtime, error: errorMessage(error) });
    return null;
  }
}

async function makeFilter(deps: RuntimeDeps, seccomp: OciSeccomp, runtime: string): Promise<Buffer> {
  const filter = await compileSeccomp(deps, runtime, seccomp);
  if (PERMISSIVE.includes(seccomp.defaultAction)) return filter;
  // What is named only to be refused as all else is known too, but left out of the filter.
  const naming = seccomp.syscalls?.some((rule) => isRedundant(rule, seccomp))
    ? await compileSeccomp(deps, runtime, namesOnly(seccomp))
    : filter;
  return answerUnknownCalls(filter, highestCalls(naming));
}

function isRedundant({ action, errnoRet }: OciSyscallRule, { defaultAction, defaultErrnoRet }: OciSeccomp): boolean {
  return answer(action, errnoRet) === answer(defaultAction, defaultErrnoRet);
}

/** KILL is another name of KILL_THREAD. */
const answer = (action: string, errno = EPERM) =>
  action === "SCMP_ACT_ERRNO" ? `${action} ${errno}` : action.replace(/_THREAD$/, "");

/** A profile that has a rule for each name of another. */
function namesOnly({ architectures, syscalls }: OciSeccomp): OciSeccomp {
  const names = [...new Set(syscalls?.flatMap((rule) => rule.names))];
  return {
    defaultAction: "SCMP_ACT_ALLOW",
    ...(architectures && { architectures }),
    syscalls: [{ names, action: "SCMP_ACT_TRAP" }],
  };
}

function readKept(file: string): Buffer | null {
  try {
    return readFileSync(file);
  } catch (error) {
    if (hasCode(error, "ENOENT")) return null;
    throw error;
  }
}

function keep(file: string, filter: Buffer): void {
  const directory = join(file, "..");
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const others = readdirSync(directory);
  if (others.length >= MAX_FILTERS) for (const name of others) rmSync(join(directory, name), { force: true });
  writeFileSync(`${file}.new`, filter, { mode: 0o600 });
  renameSync(`${file}.new`, file);
}

function filterFile(deps: RuntimeDeps, seccomp: OciSeccomp, runtime: string): string {
  const { path, globalArgs } = runtimeCommand(deps, runtime);
  const programs = [path, ...LIBRARIES].map((program) => {
    const { mtimeMs, size } = statSync(program, { throwIfNoEntry: false }) ?? { mtimeMs: 0, size: 0 };
    return [program, mtimeMs, size];
  });
  const key = createHash("sha256")
    .update(JSON.stringify([EDITION, seccomp, globalArgs, programs, release()]))
    .digest("hex");
  return join(deps.execRoot, "seccomp", key);
}
