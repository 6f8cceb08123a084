import { mkdirSync } from "node:fs";
import { basename } from "node:path";
import { invalid } from "../lib/errors.ts";
import { own } from "../lib/own.ts";
import { type RunResult, run } from "../lib/run.ts";
import { type RuntimeDeps, runtimeStateDir } from "./deps.ts";

/** The program and the arguments that go before the verb. */
export interface RuntimeCommand {
  path: string;
  globalArgs: string[];
}

/** Resolves a runtime's name. Each keeps its state below the exec root, apart from other users of the same program. */
export function runtimeCommand(deps: RuntimeDeps, name: string): RuntimeCommand {
  const binary = own(deps.runtimes, name || deps.defaultRuntime);
  if (binary === undefined) throw invalid(`unknown or invalid runtime name: ${name}`);
  const root = runtimeStateDir(deps, name);
  mkdirSync(root, { recursive: true, mode: 0o700 });
  return { path: binary.path, globalArgs: [...(binary.args ?? []), `--root=${root}`] };
}

/** Whether a runtime is crun, some of whose ways are known here (see start.ts, seccomp-cache.ts). */
export function isCrun(deps: RuntimeDeps, name: string): boolean {
  return basename(runtimeCommand(deps, name).path) === "crun";
}

/**
 * Whether a runtime's containers are plain processes of this kernel, in the cgroup that was asked for, so that they can
 * be signalled, frozen and removed without it. One that is no longer configured counts as such: nothing else is left to
 * do.
 */
export function isNative(deps: RuntimeDeps, name: string): boolean {
  const binary = own(deps.runtimes, name || deps.defaultRuntime);
  return binary === undefined || ["crun", "runc"].includes(basename(binary.path));
}

/** Runs a verb of the runtime to its end. */
export function runRuntime(deps: RuntimeDeps, name: string, args: readonly string[]): Promise<RunResult> {
  const { path, globalArgs } = runtimeCommand(deps, name);
  const systemd = deps.cgroupDriver === "systemd" ? ["--systemd-cgroup"] : [];
  return run([path, ...globalArgs, ...systemd, ...args], { env: runtimeEnvironment });
}

/**
 * Runtimes look for their helpers (criu, newuidmap) by PATH. Times in logs are UTC because conmon writes local time.
 */
export const runtimeEnvironment = {
  PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
  TZ: "UTC",
  LC_ALL: "C",
};
