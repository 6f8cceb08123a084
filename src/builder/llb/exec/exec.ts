import { mkdirSync, rmdirSync } from "node:fs";
import { join } from "node:path";
import { type ExecOp, type Mount, MountType } from "../../../api/buildkit/llb.ts";
import { invalid } from "../../../lib/errors.ts";
import { newId } from "../../../lib/ids.ts";
import { hostPlatform } from "../../../oci/platform.ts";
import { cacheKey } from "../../cache/cache-key.ts";
import { chooseDevices } from "../../devices.ts";
import { emptyResult, resultId, type StageResult } from "../../result.ts";
import { planAll } from "../../source/copy-plan.ts";
import { digestItems } from "../../source/digest-items.ts";
import { findLayer, makeLayer, rememberLayer } from "../../steps/layer-step.ts";
import { mountChain } from "../../steps/mounts/bind.ts";
import type { FailedCommand, Files } from "../../steps/run-failed.ts";
import { RunFailed } from "../../steps/run-failed.ts";
import type { Vertex } from "../graph.ts";
import { addLayer, upon } from "../layers.ts";
import type { LlbWork, Output, Told } from "../work.ts";
import { type ExecRequest, readExec } from "./read.ts";
import { type Process, runProcess } from "./run-process.ts";

/** A mount whose changes are an output. */
interface OutputMount {
  mount: Mount;
  base: StageResult;
  key: string;
}

/**
 * A command in a sandbox. Each mount that is an output becomes a layer upon what it was: that of the root filesystem,
 * or else the first of them, is the step by which the cache knows the command; the others are made and found with it.
 */
export async function exec(
  work: LlbWork,
  vertex: Vertex,
  op: ExecOp,
  inputs: readonly Output[],
  told: Told,
  layersOf: (output: Output) => Promise<StageResult>,
): Promise<readonly Output[]> {
  const request = readExec(op, inputs.length);
  const all = [request.root, ...request.mounts];
  const baseOf = async ({ input }: Mount) => {
    const output = inputs[input];
    return output ? layersOf(output) : emptyResult(hostPlatform());
  };
  const devices = chooseDevices(request.devices, work.allow, work.deps.cdi);
  const operation = { ...operationOf(request), ...(devices.length > 0 && { devices }) };
  const digests = await Promise.all(all.map((mount) => digestInput(work, mount, inputs)));
  const outputs: OutputMount[] = [];
  for (const mount of all.filter(({ output }) => output >= 0)) {
    const base = await baseOf(mount);
    const parts = { parent: resultId(base), operation: { operation, output: mount.output }, inputs: digests };
    outputs.push({ mount, base, key: cacheKey(parts) });
  }
  const [first, ...others] = outputs;
  if (!first) throw invalid(`${vertex.name}: nothing that the command does would stay`);
  const noCache = vertex.metadata?.ignoreCache ?? false;
  const found = new Map(others.map((each) => [each, noCache ? undefined : findLayer(work.deps, each.key, work.lease)]));
  let left: Files | undefined;
  const made = addLayer(work, first.base, {
    operation: { operation, output: first.mount.output },
    inputs: digests,
    created: vertex.name,
    description: `mount ${first.mount.dest} from exec ${vertex.name}`,
    noCache: noCache || [...found.values()].includes(undefined),
    begin: () => told.start(),
    keep: (key) => {
      left = work.failures.snapshot(key, first.base);
    },
    perform: async (root) => {
      const roots = new Map([[first.mount, root]]);
      /** Each of the others within the one before it: all are committed when the command has ended well. */
      const within = async (index: number): Promise<void> => {
        const each = others[index];
        if (!each)
          return run(work, request, {
            roots,
            inputs,
            told,
            layersOf,
            devices,
            resources: vertex.metadata?.linuxResources,
          });
        const perform = (place: string) => {
          roots.set(each.mount, place);
          return within(index + 1);
        };
        await work.imported.materialize(each.base, work.signal);
        const layer = await makeLayer(
          work.deps,
          each.base.chain,
          { perform, epoch: work.epoch, signal: work.signal },
          work.lease,
        );
        const description = `mount ${each.mount.dest} from exec ${vertex.name}`;
        found.set(each, rememberLayer(work.deps, each.base, { key: each.key, description }, layer));
      };
      await within(0);
    },
  });
  const { result, cached } = await made.catch(async (error: unknown) => {
    if (left && error instanceof RunFailed) error.failed = await failed(work, op, first.mount, left, baseOf);
    throw error;
  });
  told.done({ cached });
  const given: Output[] = [];
  given[first.mount.output] = { layers: result };
  for (const { mount, base, key } of others) {
    const layer = [...found].find(([each]) => each.key === key)?.[1];
    if (layer) given[mount.output] = { layers: upon(base, layer, layer.created, vertex.name) };
  }
  return given;
}

/** A command that failed: of its outputs only the first is as it left it. */
async function failed(
  { failures }: LlbWork,
  op: ExecOp,
  { dest }: Mount,
  left: Files,
  baseOf: (mount: Mount) => Promise<StageResult>,
): Promise<FailedCommand> {
  const before = await Promise.all(
    op.mounts.map(async (mount) =>
      mount.mountType === MountType.bind ? failures.layers(await baseOf(mount)) : undefined,
    ),
  );
  return { exec: op, before, after: before.map((files, index) => (op.mounts[index]?.dest === dest ? left : files)) };
}

/** All that the command does by itself. Secrets, proxies and limits change nothing of what comes of it. */
function operationOf({ meta, secretEnv, root, mounts, network, insecure }: ExecRequest) {
  const { args, env, cwd, user, extraHosts, hostname, validExitCodes } = meta;
  const told = [root, ...mounts].map(({ dest, selector, readonly, mountType, output, cache, secret, ssh, tmpfs }) => [
    dest,
    selector,
    readonly,
    mountType,
    output,
    cache?.id ?? "",
    secret?.id ?? "",
    ssh?.id ?? "",
    tmpfs?.size ?? 0,
  ]);
  const secrets = secretEnv.map(({ id, name }) => [id, name]);
  return { exec: args, env, cwd, user, extraHosts, hostname, validExitCodes, mounts: told, secrets, network, insecure };
}

/** What a mount brings, for the cache key. */
async function digestInput(
  { signal }: LlbWork,
  { input, selector }: Mount,
  inputs: readonly Output[],
): Promise<string> {
  const output = inputs[input];
  if (!output) return "";
  if ("layers" in output) return resultId(output.layers);
  return digestItems(output.files, await planAll(output.files, selector || "/", { signal }), signal);
}

/** Runs the command upon the mounted outputs. A root filesystem that is no output is thrown away afterwards. */
async function run(work: LlbWork, request: ExecRequest, process: Omit<Process, "rootfs">): Promise<void> {
  const { deps, signal } = work;
  const { roots, inputs, layersOf } = process;
  await using undo = new AsyncDisposableStack();
  let rootfs = roots.get(request.root);
  if (rootfs === undefined) {
    const output = inputs[request.root.input];
    const base = output ? await layersOf(output) : emptyResult(hostPlatform());
    await work.imported.materialize(base, signal);
    rootfs = join(deps.execRoot, "builds", newId());
    mkdirSync(rootfs, { recursive: true, mode: 0o700 });
    const made = rootfs;
    undo.defer(() => rmdirSync(made));
    await mountChain({ deps, undo }, base.chain, rootfs, true);
  }
  const exitCode = await runProcess(work, request, { ...process, rootfs });
  const { args, validExitCodes } = request.meta;
  const valid = validExitCodes.length > 0 ? validExitCodes : [0];
  if (!valid.includes(exitCode)) throw new RunFailed(args.join(" "), exitCode, { start: 0, end: 0 });
}
