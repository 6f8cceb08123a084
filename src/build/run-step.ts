import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { ContainerConfig } from "../api/types/container.ts";
import { cancelled } from "../lib/errors.ts";
import { newId } from "../lib/ids.ts";
import type { Mount } from "../linux/mount.ts";
import { setUpSandbox } from "../network/set-up.ts";
import { tearDownSandbox } from "../network/tear-down.ts";
import { attachTask } from "../runtime/attach.ts";
import { createTask } from "../runtime/create.ts";
import { deleteTask } from "../runtime/delete.ts";
import { watchExits } from "../runtime/exits.ts";
import { killTask } from "../runtime/kill.ts";
import { prepareSpec } from "../runtime/spec/prepare.ts";
import { startTask } from "../runtime/start.ts";
import type { BuildContext } from "./context.ts";
import { Stubs } from "./mount-stubs.ts";
import type { BuildRequest } from "./request.ts";

export interface RunRequest {
  /** The mounted root filesystem that the step writes to. */
  rootfs: string;
  argv: string[];
  env: string[];
  cwd: string;
  user: string;
  mounts: Mount[];
  network: string;
  /** `--security=insecure`: all capabilities, no confinement. */
  insecure: boolean;
  build: BuildRequest;
  output: (stream: 1 | 2, data: Uint8Array) => Promise<void>;
  signal: AbortSignal;
}

/**
 * Runs a command in the sandbox that containers have, upon a root filesystem that stays as the command leaves it.
 * Returns the exit code. Whatever happens, nothing of the sandbox stays.
 */
export async function runStep(ctx: BuildContext, request: RunRequest): Promise<number> {
  const id = newId();
  const { build } = request;
  await using undo = new AsyncDisposableStack();
  const scratch = join(ctx.execRoot, "builds", id);
  mkdirSync(scratch, { recursive: true, mode: 0o700 });
  undo.defer(() => rmSync(scratch, { recursive: true, force: true }));

  undo.defer(() => tearDownSandbox(ctx.networks, id));
  const hostname = "buildkitsandbox";
  const sandbox = await setUpSandbox(ctx.networks, {
    containerId: id, name: id.slice(0, 12), hostname, domainname: "", networkMode: request.network, endpoints: {}, exposedPorts: [], portBindings: null,
    publishAllPorts: false, dns: [], dnsOptions: [], dnsSearch: [], extraHosts: build.extraHosts, links: [],
  });
  const files: Mount[] = Object.entries({ "/etc/resolv.conf": sandbox.resolvConf, "/etc/hosts": sandbox.hosts }).map(([destination, content]) => {
    const source = join(scratch, destination.slice(5));
    writeFileSync(source, content, { mode: 0o644 });
    return { destination, type: "bind", source, options: ["rbind", "ro"] };
  });
  const mounts = [...files, ...request.mounts];
  // The runtime makes mount points where the root filesystem lacks them; they are no work of the step.
  const stubs = new Stubs(request.rootfs, [...mounts.map((mount) => mount.destination), "/proc", "/sys", "/dev"]);
  undo.defer(() => stubs.remove());

  const config: ContainerConfig = { Env: request.env, Cmd: request.argv, WorkingDir: request.cwd, User: request.user };
  const spec = await prepareSpec({
    id, config,
    hostConfig: { ...build.resources, NetworkMode: request.network, Privileged: request.insecure },
    rootfs: request.rootfs, mounts,
    namespaces: { network: sandbox.netnsPath === null ? "host" : { path: sandbox.netnsPath }, ipc: "private", pid: "private", uts: "private", cgroup: "private" },
    hostname, domainname: "", defaults: { ...ctx.defaults, init: false }, cgroupDriver: ctx.runtime.cgroupDriver, instance: ctx.runtime.instance, facts: ctx.facts,
  });

  undo.defer(() => deleteTask(ctx.runtime, id));
  const { promise: exited, resolve: exit } = Promise.withResolvers<number>();
  using _watch = watchExits(ctx.runtime, (ended) => { if (ended.id === id) exit(ended.exitCode); });
  await createTask(ctx.runtime, { id, spec, runtime: "", tty: false, openStdin: false, stdinOnce: false, logPath: null });
  const io = await attachTask(ctx.runtime, id);
  undo.defer(() => io.close());
  const kill = () => void killTask(ctx.runtime, id, 9, { all: true }).catch(() => {});
  request.signal.addEventListener("abort", kill, { once: true });
  undo.defer(() => request.signal.removeEventListener("abort", kill));
  request.signal.throwIfAborted();
  await startTask(ctx.runtime, id);
  for await (const { stream, data } of io.frames) await request.output(stream, data);
  const exitCode = await exited;
  if (request.signal.aborted) throw cancelled("the build was cancelled");
  return exitCode;
}
