import { join } from "node:path";
import type { LinuxResources, Mount, ProcessMeta } from "../../../api/buildkit/llb.ts";
import { invalid } from "../../../lib/errors.ts";
import type { Mount as HostMount } from "../../../linux/mount.ts";
import { makeWorkdir } from "../../../runtime/bundle/workdir.ts";
import type { StageResult } from "../../result.ts";
import { inside } from "../../source/path.ts";
import { locate } from "../../steps/mounts/bind.ts";
import type { MountOrigin } from "../../steps/mounts/mounting.ts";
import { prepareRunMounts } from "../../steps/mounts/prepare.ts";
import { ownerIn } from "../../steps/owner.ts";
import { runStep } from "../../steps/run-step.ts";
import { TargetRoot } from "../../steps/target.ts";
import type { LlbWork, Output, Told } from "../work.ts";
import { type ExecRequest, runMount } from "./read.ts";

const path = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** What a command stands on. */
export interface Process {
  rootfs: string;
  /** Where outputs are mounted on the host. */
  roots: ReadonlyMap<Mount, string>;
  inputs: readonly Output[];
  layersOf: (output: Output) => Promise<StageResult>;
  told: Told;
  /** Full names of devices. */
  devices: readonly string[];
  resources?: LinuxResources | undefined;
}

/** Runs the command of an exec operation, and returns its exit code. */
export async function runProcess(
  work: LlbWork,
  request: ExecRequest,
  { rootfs, roots, inputs, layersOf, told, devices, resources }: Process,
): Promise<number> {
  const { deps, client, signal, imported } = work;
  const { meta, mounts, network, insecure, root } = request;
  await using undo = new AsyncDisposableStack();
  const origin = async (from: string | undefined): Promise<MountOrigin> => {
    const output = inputs[Number(from ?? -1)];
    if (!output) return { chain: [] };
    if ("files" in output) return { tree: output.files };
    const layers = await layersOf(output);
    await imported.materialize(layers, signal);
    return layers;
  };
  const plain = mounts.filter((mount) => !roots.has(mount));
  const prepared = await prepareRunMounts(
    {
      deps,
      session: client,
      refuse: (message) => invalid(message),
      mounts: plain.map(runMount),
      cwd: "/",
      signal,
      script: undefined,
    },
    (mount) => origin(mount.from),
    undo,
  );
  const places = new Map(prepared.mounts.map((mount) => [mount.destination, mount]));
  for (const mount of mounts) {
    const place = roots.get(mount);
    if (place !== undefined) places.set(join("/", mount.dest), outputMount(mount, place));
  }
  // Outer ones first, outputs among the others.
  const ordered = mounts.flatMap(({ dest }) => places.get(join("/", dest)) ?? []);
  makeCwd(rootfs, meta);
  return await runStep(deps, {
    rootfs,
    argv: meta.args,
    cwd: meta.cwd,
    user: meta.user,
    mounts: ordered,
    network,
    insecure,
    devices,
    readonlyRoot: root.readonly,
    ...(meta.hostname !== "" && { hostname: meta.hostname }),
    build: {
      resources: resourcesOf(meta, resources),
      extraHosts: meta.extraHosts.map(({ host, ip }) => `${host}:${ip}`),
    },
    env: [...proxies(meta), ...withPath(meta.env), ...(await secrets(work, request)), ...prepared.env],
    begin: () => {},
    output: (stream, data) => told.output(stream, data),
    signal,
  });
}

function outputMount({ dest, selector, readonly }: Mount, place: string): HostMount {
  const source = selector === "" || selector === "/" ? place : locate(place, selector, invalid);
  return { destination: dest, type: "bind", source, options: ["rbind", ...(readonly ? ["ro"] : [])] };
}

const withPath = (env: readonly string[]) => (env.some((each) => each.startsWith("PATH=")) ? [...env] : [path, ...env]);

/** Secrets that are variables. */
async function secrets({ client }: LlbWork, { secretEnv }: ExecRequest): Promise<string[]> {
  const env: string[] = [];
  for (const { id, name, optional } of secretEnv) {
    const value = await client.secret(id);
    if (value) env.push(`${name}=${Buffer.from(value).toString("utf8")}`);
    else if (!optional) throw invalid(`secret ${id}: not found`);
  }
  return env;
}

/** Proxies are given to a command without being part of it. */
function proxies({ proxyEnv }: ProcessMeta): string[] {
  if (!proxyEnv) return [];
  const { httpProxy, httpsProxy, ftpProxy, noProxy, allProxy } = proxyEnv;
  return Object.entries({
    http_proxy: httpProxy,
    https_proxy: httpsProxy,
    ftp_proxy: ftpProxy,
    no_proxy: noProxy,
    all_proxy: allProxy,
  })
    .filter(([, value]) => value !== "")
    .flatMap(([name, value]) => [`${name.toUpperCase()}=${value}`, `${name}=${value}`]);
}

/** The working directory, made as the user's where it is not there. */
function makeCwd(rootfs: string, { cwd, user }: ProcessMeta): void {
  using target = new TargetRoot(rootfs);
  const at = target.follow(inside(cwd));
  if (at !== "" && target.at(at) === undefined) makeWorkdir(rootfs, at, ownerIn(rootfs, user));
}

function resourcesOf({ ulimits, cgroupParent }: ProcessMeta, limits: LinuxResources | undefined) {
  return {
    ShmSize: 0,
    CgroupParent: cgroupParent,
    Ulimits: ulimits.map(({ name, soft, hard }) => ({ Name: name, Soft: soft, Hard: hard })),
    ...(limits && {
      Memory: limits.memory,
      MemorySwap: limits.memorySwap,
      CpuShares: Number(limits.cpuShares),
      CpuPeriod: Number(limits.cpuPeriod),
      CpuQuota: limits.cpuQuota,
      CpusetCpus: limits.cpusetCpus,
      CpusetMems: limits.cpusetMems,
    }),
  };
}
