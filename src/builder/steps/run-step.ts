import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { ContainerConfig } from "../../api/types/container.ts";
import { cancelled } from "../../lib/errors.ts";
import { newId } from "../../lib/ids.ts";
import type { Mount } from "../../linux/mount.ts";
import { setUpSandbox } from "../../network/sandbox/set-up.ts";
import { tearDownSandbox } from "../../network/sandbox/tear-down.ts";
import { attachTask } from "../../runtime/attach.ts";
import { prepareSpec } from "../../runtime/bundle/prepare.ts";
import { createTask } from "../../runtime/create.ts";
import { deleteTask } from "../../runtime/delete.ts";
import { watchExits } from "../../runtime/exits.ts";
import { killTask } from "../../runtime/kill.ts";
import { startTask } from "../../runtime/start.ts";
import type { BuilderDeps } from "../deps.ts";
import type { BuildRequest } from "../request.ts";
import { Stubs } from "./mount-stubs.ts";

/** What a RUN needs to run. `env`: each `NAME=value`; `output`: 1 is standard output, 2 standard error. */
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
  /** The root filesystem itself cannot be written to. */
  readonlyRoot?: boolean;
  /** Absent: as BuildKit calls its sandboxes. */
  hostname?: string;
  build: Pick<BuildRequest, "resources" | "extraHosts">;
  /** Writes what the command reads from its standard input; absent: that has none. */
  input?: RunInput;
  /** Told the sandbox's id. */
  begin: (id: string) => void;
  output: (stream: 1 | 2, data: Uint8Array) => Promise<void>;
  signal: AbortSignal;
}

/** Told, once the command is about to start, how to write to its standard input and to end that. */
export type RunInput = (input: { write: (data: Uint8Array) => Promise<void>; end: () => void }) => void;

/**
 * Runs a command in the sandbox that containers have, upon a root filesystem that stays as the command leaves it.
 * Returns the exit code. Whatever happens, nothing of the sandbox stays.
 */
export async function runStep(deps: BuilderDeps, request: RunRequest): Promise<number> {
  const id = newId();
  const { build } = request;
  await using undo = new AsyncDisposableStack();
  const scratch = join(deps.execRoot, "builds", id);
  mkdirSync(scratch, { recursive: true, mode: 0o700 });
  undo.defer(() => rmSync(scratch, { recursive: true, force: true }));

  const { hostname = "buildkitsandbox" } = request;
  const { netnsPath, resolvConf, hosts } = await network(deps, request, id, hostname, undo);
  const files: Mount[] = Object.entries({ "/etc/resolv.conf": resolvConf, "/etc/hosts": hosts }).map(
    ([destination, content]) => {
      const source = join(scratch, destination.slice(5));
      writeFileSync(source, content, { mode: 0o644 });
      return { destination, type: "bind", source, options: ["rbind", "ro"] };
    },
  );
  const mounts = [...files, ...request.mounts];
  // The runtime makes mount points where the root filesystem lacks them; they are no work of the step.
  const stubs = new Stubs(request.rootfs, [...mounts.map((mount) => mount.destination), "/proc", "/sys", "/dev"]);
  undo.defer(() => stubs.remove());

  const config: ContainerConfig = { Env: request.env, Cmd: request.argv, WorkingDir: request.cwd, User: request.user };
  const spec = await prepareSpec({
    id,
    config,
    hostConfig: {
      ...build.resources,
      NetworkMode: request.network,
      Privileged: request.insecure,
      ReadonlyRootfs: request.readonlyRoot ?? false,
    },
    rootfs: request.rootfs,
    mounts,
    namespaces: {
      network: netnsPath === null ? "host" : { path: netnsPath },
      ipc: "private",
      pid: "private",
      uts: "private",
      cgroup: "private",
    },
    hostname,
    domainname: "",
    defaults: { ...deps.defaults, init: false },
    cgroupDriver: deps.runtime.cgroupDriver,
    instance: deps.runtime.instance,
    facts: deps.facts,
  });

  undo.defer(() => deleteTask(deps.runtime, id));
  const { promise: exited, resolve: exit } = Promise.withResolvers<number>();
  using _watch = watchExits(deps.runtime, (ended) => {
    if (ended.id === id) exit(ended.exitCode);
  });
  await createTask(deps.runtime, {
    id,
    spec,
    runtime: "",
    tty: false,
    openStdin: request.input !== undefined,
    stdinOnce: request.input !== undefined,
    logPath: null,
  });
  const io = await attachTask(deps.runtime, id);
  undo.defer(() => io.close());
  const kill = () => void killTask(deps.runtime, id, 9, { all: true }).catch(() => {});
  request.signal.addEventListener("abort", kill, { once: true });
  undo.defer(() => request.signal.removeEventListener("abort", kill));
  request.signal.throwIfAborted();
  request.begin(id);
  request.input?.({ write: (data) => io.write(data), end: () => io.closeStdin() });
  await startTask(deps.runtime, id);
  for await (const { stream, data } of io.frames) await request.output(stream, data);
  const exitCode = await exited;
  if (request.signal.aborted) throw cancelled("the build was cancelled");
  return exitCode;
}

/** The step's network, a container's where it shares that, and the content of its files. */
async function network(
  deps: BuilderDeps,
  { network: networkMode, build }: RunRequest,
  id: string,
  hostname: string,
  undo: AsyncDisposableStack,
): Promise<{ netnsPath: string | null; resolvConf: string; hosts: string }> {
  if (networkMode.startsWith("container:")) {
    const { netnsPath, files } = await deps.containerNetwork(networkMode.slice("container:".length));
    return { netnsPath, resolvConf: readFileSync(files.resolvConf, "utf8"), hosts: readFileSync(files.hosts, "utf8") };
  }
  undo.defer(() => tearDownSandbox(deps.networks, id));
  return setUpSandbox(deps.networks, {
    containerId: id,
    name: id.slice(0, 12),
    hostname,
    domainname: "",
    networkMode,
    endpoints: {},
    exposedPorts: [],
    portBindings: null,
    publishAllPorts: false,
    dns: [],
    dnsOptions: [],
    dnsSearch: [],
    extraHosts: build.extraHosts,
    links: [],
  });
}
