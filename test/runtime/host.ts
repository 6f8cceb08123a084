import { existsSync, mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { ContainerConfig, HostConfig } from "../../src/api/types/container.ts";
import { newId } from "../../src/lib/ids.ts";
import { Logger } from "../../src/lib/log.ts";
import { type CgroupLayout, detectCgroups } from "../../src/linux/cgroup.ts";
import { cgroupDirs, removeCgroup } from "../../src/linux/cgroup-tree.ts";
import type { OciSpec } from "../../src/oci/runtime.ts";
import { Plugins } from "../../src/plugin/plugins.ts";
import { attachTask } from "../../src/runtime/attach.ts";
import { readHostFacts } from "../../src/runtime/bundle/host-facts.ts";
import { prepareSpec } from "../../src/runtime/bundle/prepare.ts";
import type { SpecRequest } from "../../src/runtime/bundle/types.ts";
import { createTask } from "../../src/runtime/create.ts";
import { deleteTask } from "../../src/runtime/delete.ts";
import { createRuntimeDeps, type RuntimeDeps, type TaskExit } from "../../src/runtime/deps.ts";
import { taskIds, watchExits } from "../../src/runtime/exits.ts";
import { builtinLogDrivers } from "../../src/runtime/logs/driver/builtin.ts";
import { LogDrivers } from "../../src/runtime/logs/driver/drivers.ts";
import { type ReadLogsOptions, readLogs } from "../../src/runtime/logs/read.ts";
import { releaseCgroups } from "../../src/runtime/monitor-cgroup.ts";
import { startTask } from "../../src/runtime/start.ts";
import type { CreateTaskRequest, TaskIo } from "../../src/runtime/types.ts";
import { until } from "../harness.ts";
import { endRig } from "../leftovers.ts";

/**
 * A runtime context of a test's own on a temporary root, with a busybox root filesystem; proves at the end that nothing
 * is left.
 */
export class RuntimeHost implements AsyncDisposable {
  readonly rootfs: string;
  readonly cgroups: CgroupLayout = detectCgroups();
  readonly facts = readHostFacts(this.cgroups);
  deps: RuntimeDeps;
  readonly exits = new Map<string, TaskExit>();
  #watch: Disposable;

  constructor(
    private readonly runtime = process.env.TEST_RUNTIME ?? "crun",
    readonly root = mkdtempSync("/tmp/berth-rt-"),
    readonly instance = Buffer.from(crypto.getRandomValues(new Uint8Array(4))).toString("hex"),
  ) {
    this.rootfs = join(this.root, "rootfs");
    if (!existsSync(this.rootfs)) makeBusybox(this.rootfs);
    this.deps = makeContext(this.root, this.instance, runtime);
    this.#watch = watchExits(this.deps, (exit) => void this.exits.set(exit.id, exit));
  }

  /** On what another process has made. */
  static at(root: string, instance: string): RuntimeHost {
    return new RuntimeHost(undefined, root, instance);
  }

  /** As a daemon that starts anew: knows nothing but what is on disk. */
  restart(): void {
    this.#watch[Symbol.dispose]();
    this.exits.clear();
    this.deps = makeContext(this.root, this.instance, this.runtime);
    this.#watch = watchExits(this.deps, (exit) => void this.exits.set(exit.id, exit));
  }

  logPath(id: string): string {
    mkdirSync(join(this.root, "logs", id), { recursive: true });
    return join(this.root, "logs", id, "container.log");
  }

  spec(
    id: string,
    config: ContainerConfig,
    hostConfig: HostConfig = {},
    more: Partial<SpecRequest> = {},
  ): Promise<OciSpec> {
    return prepareSpec({
      id,
      config,
      hostConfig,
      rootfs: this.rootfs,
      mounts: [],
      namespaces: { network: "private", ipc: "private", pid: "private", uts: "private", cgroup: "private" },
      hostname: id.slice(0, 12),
      domainname: "",
      defaults: {
        init: false,
        initPath: "/usr/bin/tini-static",
        shmSize: 64 << 20,
        ulimits: [],
        seccompProfile: "builtin",
        noNewPrivileges: false,
        cgroupParent: "",
      },
      cgroupDriver: "cgroupfs",
      instance: this.instance,
      cdi: null,
      ids: null,
      facts: this.facts,
      ...more,
    });
  }

  /** Creates, attaches where asked, starts. */
  async start(
    config: ContainerConfig,
    hostConfig: HostConfig = {},
    more: Partial<SpecRequest> & Partial<CreateTaskRequest> = {},
  ): Promise<string> {
    const id = newId();
    const spec = await this.spec(id, config, hostConfig, more);
    await createTask(this.deps, {
      id,
      spec,
      runtime: "",
      tty: config.Tty ?? false,
      openStdin: config.OpenStdin ?? false,
      stdinOnce: config.StdinOnce ?? false,
      logPath: this.logPath(id),
      ...more,
    });
    return id;
  }

  /** A container from create to delete: what it wrote, and how it ended. */
  async run(
    args: string[],
    config: ContainerConfig = {},
    hostConfig: HostConfig = {},
    more: Partial<SpecRequest> = {},
  ): Promise<{ stdout: string; stderr: string; exit: TaskExit }> {
    const id = await this.start({ Cmd: args, ...config }, hostConfig, { ...more, logPath: null });
    try {
      const io = await attachTask(this.deps, id);
      const output = collect(io);
      await startTask(this.deps, id);
      const exit = await this.exit(id);
      return { ...(await output), exit };
    } finally {
      await deleteTask(this.deps, id);
    }
  }

  exit(id: string, timeout?: number): Promise<TaskExit> {
    return until(`the exit of ${id.slice(0, 12)}`, () => this.exits.get(id), timeout);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#watch[Symbol.dispose]();
    for (const id of taskIds(this.deps)) await deleteTask(this.deps, id);
    // A parent of the test's own choice is the test's own.
    for (const dir of cgroupDirs(this.cgroups, `/berth-${this.instance}/nested`)) removeCgroup(dir);
    const exec = (dir: string) => join(this.root, "exec", dir);
    const files = [exec("containers"), exec("exits"), exec(join("runtimes", this.deps.defaultRuntime))];
    // Who has ended is in its cgroup until it is reaped.
    await endRig({ root: this.root, instance: this.instance, files }, { before: () => releaseCgroups(this.deps) });
  }
}

export function makeContext(root: string, instance: string, runtime = "crun"): RuntimeDeps {
  return createRuntimeDeps({
    logDrivers: new LogDrivers(builtinLogDrivers(), new Plugins([], new Logger("warn"))),
    execRoot: join(root, "exec"),
    log: new Logger("warn"),
    instance,
    conmonPath: "/usr/bin/conmon",
    runtimes: { crun: { path: "/usr/bin/crun" }, runc: { path: "/usr/sbin/runc" } },
    defaultRuntime: runtime,
    cgroupDriver: "cgroupfs",
    cgroups: detectCgroups(),
  });
}

export function makeBusybox(rootfs: string): void {
  for (const dir of ["bin", "etc", "proc", "sys", "dev", "tmp", "root"])
    mkdirSync(join(rootfs, dir), { recursive: true });
  Bun.spawnSync(["cp", "/bin/busybox", join(rootfs, "bin/busybox")]);
  Bun.spawnSync(["chroot", rootfs, "/bin/busybox", "--install", "-s", "/bin"]);
  writeFileSync(join(rootfs, "etc/passwd"), "root:x:0:0:root:/root:/bin/sh\nwww:x:33:33:www:/var/www:/bin/sh\n");
  writeFileSync(join(rootfs, "etc/group"), "root:x:0:\nwww:x:33:\nstaff:x:50:www\n");
}

/** A log's text. */
export async function readText(options: ReadLogsOptions): Promise<string> {
  const parts: Uint8Array[] = [];
  for await (const batch of readLogs(options)) for (const { data } of batch) parts.push(data);
  return Buffer.concat(parts).toString();
}

/** Everything a client reads until the task's output ends. */
export async function collect(io: TaskIo): Promise<{ stdout: string; stderr: string }> {
  const parts: Record<1 | 2, Buffer[]> = { 1: [], 2: [] };
  for await (const frame of io.frames) parts[frame.stream].push(Buffer.from(frame.data));
  return { stdout: Buffer.concat(parts[1]).toString(), stderr: Buffer.concat(parts[2]).toString() };
}
