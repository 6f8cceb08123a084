import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { ContainerConfig } from "../../api/types/container.ts";
import { newId } from "../../lib/ids.ts";
import type { Mount } from "../../linux/mount.ts";
import { setUpSandbox } from "../../network/sandbox/set-up.ts";
import { tearDownSandbox } from "../../network/sandbox/tear-down.ts";
import type { OciSpec } from "../../oci/runtime.ts";
import { attachTask } from "../../runtime/attach.ts";
import { prepareSpec } from "../../runtime/bundle/prepare.ts";
import { createTask } from "../../runtime/create.ts";
import { deleteTask } from "../../runtime/delete.ts";
import { watchExits } from "../../runtime/exits.ts";
import type { TaskIo } from "../../runtime/types.ts";
import type { BuilderDeps } from "../deps.ts";
import type { BuildRequest } from "../request.ts";
import { Stubs } from "./mount-stubs.ts";

/** What a command of a build needs to run. `env`: each `NAME=value`. */
export interface SandboxRequest {
  /** The mounted root filesystem that the command writes to. */
  rootfs: string;
  argv: string[];
  env: string[];
  cwd: string;
  user: string;
  mounts: Mount[];
  network: string;
  /** `--security=insecure`: all capabilities, no confinement. */
  insecure: boolean;
  /** Full names of devices that it gets. */
  devices?: readonly string[];
  /** The root filesystem itself cannot be written to. */
  readonlyRoot?: boolean;
  /** Absent: as BuildKit calls its sandboxes. */
  hostname?: string;
  build: Pick<BuildRequest, "resources" | "extraHosts">;
}

/** How the command's standard streams are. */
export interface SandboxStreams {
  tty: boolean;
  /** It has an input; the end of what is written is the end of it. */
  stdin: boolean;
}

/** A sandbox whose command waits to be started (`startTask`). */
export interface Sandbox {
  id: string;
  spec: OciSpec;
  io: TaskIo;
  /** Exit code of the command. */
  exited: Promise<number>;
}

/** As BuildKit calls its sandboxes. */
const sandboxName = "buildkitsandbox";

/**
 * Brings a command to where it can be started, in the sandbox that containers have, upon a root filesystem that stays
 * as the command leaves it. With `undo` nothing of the sandbox stays, whatever becomes of it.
 */
export async function openSandbox(
  deps: BuilderDeps,
  request: SandboxRequest,
  { tty, stdin }: SandboxStreams,
  undo: AsyncDisposableStack,
): Promise<Sandbox> {
  const id = newId();
  const { build } = request;
  const scratch = join(deps.execRoot, "builds", id);
  mkdirSync(scratch, { recursive: true, mode: 0o700 });
  undo.defer(() => rmSync(scratch, { recursive: true, force: true }));

  const { hostname = sandboxName } = request;
  const { netnsPath, resolvConf, hosts } = await network(deps, request, id, hostname, undo);
  const files: Mount[] = Object.entries({ "/etc/resolv.conf": resolvConf, "/etc/hosts": hosts }).map(
    ([destination, content]) => {
      const source = join(scratch, destination.slice(5));
      writeFileSync(source, content, { mode: 0o644 });
      return { destination, type: "bind", source, options: ["rbind", "ro"] };
    },
  );
  const mounts = [...files, ...request.mounts];
  const config: ContainerConfig = {
    // BuildKit's commands are not told the name of their sandbox.
    Env: ["HOSTNAME", ...request.env],
    Cmd: request.argv,
    WorkingDir: request.cwd,
    User: request.user,
    Tty: tty,
  };
  const spec = await prepareSpec({
    id,
    config,
    hostConfig: {
      ...build.resources,
      NetworkMode: request.network,
      Privileged: request.insecure,
      ReadonlyRootfs: request.readonlyRoot ?? false,
      ...(request.devices?.length && { DeviceRequests: [{ Driver: "cdi", DeviceIDs: [...request.devices] }] }),
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
    cdi: deps.cdi,
    ids: null,
  });

  // The runtime makes mount points where the root filesystem lacks them; they are no work of the step.
  const stubs = new Stubs(request.rootfs, [...spec.mounts.map((mount) => mount.destination), "/proc", "/sys", "/dev"]);
  undo.defer(() => stubs.remove());
  undo.defer(() => deleteTask(deps.runtime, id));
  const { promise: exited, resolve: exit } = Promise.withResolvers<number>();
  undo.use(
    watchExits(deps.runtime, (ended) => {
      if (ended.id === id) exit(ended.exitCode);
    }),
  );
  await createTask(deps.runtime, {
    id,
    spec,
    runtime: "",
    tty,
    openStdin: stdin,
    stdinOnce: stdin,
    logPath: null,
  });
  const io = await attachTask(deps.runtime, id);
  undo.defer(() => io.close());
  return { id, spec, io, exited };
}

/** The command's network, a container's where it shares that, and the content of its files. */
async function network(
  deps: BuilderDeps,
  { network: networkMode, build }: SandboxRequest,
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
