import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { internal } from "../lib/errors.ts";
import { removeTree } from "../linux/remove.ts";
import type { OciSeccomp, OciSpec } from "../oci/runtime.ts";
import { encodeRuntimeJson } from "../oci/runtime-json.ts";
import { type RuntimeDeps, runtimeStateDir } from "./deps.ts";
import { runRuntime } from "./runtime-command.ts";

/** What crun calls the container that it compiles for; no container's id looks like that. */
const NAME = "seccomp-compiler";

/**
 * Has crun compile a profile, and gives the filter. crun does that for containers only: it makes one of an empty file,
 * which ends at once because that is no program, and leaves the filter in its state directory. One call at a time; what
 * one that was cut off has left, the next removes. Throws `internal` with crun's words.
 */
export async function compileSeccomp(deps: RuntimeDeps, runtime: string, seccomp: OciSeccomp): Promise<Buffer> {
  const bundle = join(deps.execRoot, NAME);
  const state = join(runtimeStateDir(deps, runtime), NAME);
  using left = new DisposableStack();
  for (const dir of [bundle, state]) {
    removeTree(dir);
    left.defer(() => removeTree(dir));
  }
  for (const dir of ["dev", "proc", "sys"]) mkdirSync(join(bundle, "rootfs", dir), { recursive: true, mode: 0o700 });
  writeFileSync(join(bundle, "rootfs", "nothing"), "", { mode: 0o700 });
  writeFileSync(join(bundle, "config.json"), encodeRuntimeJson(specOf(seccomp)), { mode: 0o600 });
  const { exitCode, stderr, stdout } = await runRuntime(deps, runtime, [
    "--cgroup-manager=disabled",
    "run",
    "--detach",
    "--bundle",
    bundle,
    NAME,
  ]);
  if (exitCode !== 0)
    throw internal(`${runtime || deps.defaultRuntime} cannot compile a seccomp profile: ${(stderr || stdout).trim()}`);
  return readFileSync(join(state, "seccomp.bpf"));
}

/** With noNewPrivileges crun loads the filter last, so that the filter does not hinder crun itself. */
const specOf = (seccomp: OciSeccomp): OciSpec => ({
  ociVersion: "1.0.2",
  process: {
    args: ["/nothing"],
    cwd: "/",
    env: [],
    user: { uid: 0, gid: 0 },
    noNewPrivileges: true,
    rlimits: [{ type: "RLIMIT_CORE", soft: 0, hard: 0 }],
  },
  root: { path: "rootfs" },
  mounts: [],
  linux: { namespaces: [{ type: "mount" }], seccomp },
});
