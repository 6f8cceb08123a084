import { errorMessage } from "../../lib/errors.ts";
import { quote } from "../../lib/go-quote.ts";
import { chooseDevices } from "../devices.ts";
import type { Instruction, RunMount } from "../dockerfile/instructions.ts";
import { parseRunMount } from "../dockerfile/run-mount.ts";
import { DockerfileError } from "../dockerfile/source.ts";
import { predefinedArgs } from "../plan/variables.ts";
import { planAll } from "../source/copy-plan.ts";
import { digestItems } from "../source/digest-items.ts";
import { addLayer } from "./add-layer.ts";
import { placedLater } from "./copy-step.ts";
import { emulated } from "./emulated.ts";
import { failedRun } from "./failed-run.ts";
import type { MountOrigin } from "./mounts/mounting.ts";
import { prepareRunMounts } from "./mounts/prepare.ts";
import { openSource } from "./open-source.ts";
import { commandOfRun } from "./run-command.ts";
import type { Files } from "./run-failed.ts";
import { RunFailed } from "./run-failed.ts";
import { runStep } from "./run-step.ts";
import type { StageWork } from "./stage-work.ts";

type Run = Extract<Instruction, { kind: "RUN" }>;

/** RUN: a command in a sandbox, whose changes are the layer. */
export async function run(work: StageWork, instruction: Run): Promise<void> {
  const { build, cwd, variables } = work;
  const { request } = build;
  const { config } = work.configuration;
  checkEntitled(work, instruction);
  const devices = devicesOf(work, instruction);
  const { argv, script } = commandOfRun(config, instruction);
  const mounts = instruction.mounts.map((mount) =>
    parseRunMount(mount, instruction.range, (value) => variables.expand(value, instruction.range)),
  );
  const env = variables.all();
  const inputs = await Promise.all(mounts.map((mount) => digestMount(work, mount, instruction)));
  const network = instruction.network === "default" ? request.network || "default" : instruction.network;
  const user = config.User ?? "";
  const { security } = instruction;
  const args = variables.told();
  const { failures } = request;
  const before = { ...work.state };
  let left: Files | undefined;
  const done = addLayer(work, {
    created: ["RUN", ...(args.length > 0 ? [`|${args.length}`, ...args] : []), ...argv, "# buildkit"].join(" "),
    operation: {
      run: argv,
      script: script?.content ?? "",
      env,
      cwd,
      user,
      mounts,
      network,
      security,
      resources: request.resources,
      ...(devices.length > 0 && { devices }),
    },
    inputs,
    ...(failures && { keep: (key: string) => void (left = failures.snapshot(key, before)) }),
    perform: async (root) => {
      await using undo = new AsyncDisposableStack();
      const prepared = await prepareRunMounts(
        {
          deps: build.deps,
          session: request.session,
          refuse: (message) => new DockerfileError(message, instruction.range),
          mounts,
          cwd,
          signal: build.signal,
          script,
        },
        (mount) => mountFiles(work, mount, instruction),
        undo,
      );
      const exitCode = await begun(argv, instruction, () =>
        emulated(work, (output) =>
          runStep(build.deps, {
            rootfs: root,
            argv,
            cwd,
            user,
            mounts: prepared.mounts,
            network,
            insecure: security === "insecure",
            devices,
            build: request,
            signal: build.signal,
            env: [...proxies(request.buildArgs), ...env, ...prepared.env],
            begin: (container) => build.events.emit({ kind: "running", id: work.stepId, container }),
            output,
          }),
        ),
      );
      if (exitCode !== 0) throw new RunFailed(argv.join(" "), exitCode, instruction.range);
    },
  });
  await done.catch(async (error: unknown) => {
    if (!failures || !left || !(error instanceof RunFailed)) throw error;
    const origin = (mount: RunMount) => mountOrigin(work, mount.from, instruction);
    const insecure = security === "insecure";
    const failed = { argv, env, cwd, user, network, insecure, devices, mounts, origin, state: before, left };
    error.failed = await failedRun(failures, failed);
    throw error;
  });
}

/** What a command lacks to be begun is told of it, as its exit code would be. */
async function begun<T>(argv: readonly string[], { range }: Run, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    if (!/^unable to find (user|group) /.test(errorMessage(error))) throw error;
    const text = `process ${quote(argv.join(" "))} did not complete successfully: ${errorMessage(error)}`;
    throw new DockerfileError(text, range, { cause: error });
  }
}

/** What leaves the sandbox needs the word of whoever builds, not of the Dockerfile alone. */
function checkEntitled({ build }: StageWork, { security, network, range }: Run): void {
  const { allow, network: asked } = build.request;
  const refuse = (entitlement: string, near: string) => {
    throw new DockerfileError(`${entitlement} is not allowed`, range, { near });
  };
  if (security === "insecure" && !allow.has("security.insecure")) refuse("security.insecure", "--security=insecure");
  if (network === "host" && asked !== "host" && !allow.has("network.host")) refuse("network.host", "--network=host");
}

/** Full names of the devices that the command gets. */
function devicesOf({ build }: StageWork, { devices, range }: Run): string[] {
  const wanted = devices.map(({ name, required }) => ({ name, optional: !required }));
  try {
    return chooseDevices(wanted, build.request.allow, build.deps.cdi);
  } catch (error) {
    throw new DockerfileError(errorMessage(error), range, { near: "--device", cause: error });
  }
}

/** What a mount brings, for the cache key; empty for those that count for nothing. */
async function digestMount(work: StageWork, mount: RunMount, instruction: Run): Promise<string> {
  if (mount.type !== "bind" && !(mount.type === "cache" && mount.from)) return "";
  const { signal } = work.build;
  const from = await mountOrigin(work, mount.from, instruction);
  if ("chain" in from) return from.chain.at(-1) ?? "scratch";
  const items = await placedLater(instruction.range, planAll(from.tree, mount.source, { signal }));
  return digestItems(from.tree, items, signal);
}

async function mountOrigin(work: StageWork, from: string | undefined, instruction: Run) {
  if (from === undefined) return { tree: await (await work.build.context()).tree() };
  const opened = await openSource(work, from, instruction);
  return "tree" in opened ? opened : opened.result;
}

async function mountFiles(work: StageWork, mount: RunMount, instruction: Run): Promise<MountOrigin> {
  const origin = await mountOrigin(work, mount.from, instruction);
  if ("chain" in origin) await work.build.imported.materialize(origin, work.build.signal);
  return origin;
}

/** Proxies are given to every step without being part of it. */
function proxies(buildArgs: Readonly<Record<string, string>>): string[] {
  return Object.entries(buildArgs)
    .filter(([name]) => predefinedArgs.has(name))
    .flatMap(([name, value]) => [`${name.toUpperCase()}=${value}`, `${name.toLowerCase()}=${value}`]);
}
