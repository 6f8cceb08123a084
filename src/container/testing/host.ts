import { mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { EventBus } from "../../api/events.ts";
import type { CreateBody, HostConfig } from "../../api/types/container.ts";
import { KeyedLock } from "../../lib/lock.ts";
import { Logger, silent } from "../../lib/log.ts";
import { nowNano } from "../../linux/clock.ts";
import type { HostFacts } from "../../runtime/bundle/types.ts";
import type { TaskExit } from "../../runtime/deps.ts";
import { openStore, type Store } from "../../store/store.ts";

import { createContainer } from "../create/create.ts";
import type { ContainerDefaults, ContainerDeps } from "../deps.ts";
import { restoreContainers } from "../life/restore.ts";
import { releaseContainers } from "../life/shutdown.ts";
import { LiveContainers } from "../live.ts";
import type { ContainerRecord } from "../record.ts";
import { allContainers, containerById } from "../table.ts";
import { Calls, type Mishap } from "./calls.ts";
import { fakeNetworks } from "./networks.ts";
import { endTask, fakeRuntime } from "./runtime.ts";
import { fakeImages, fakeRootFilesystems, fakeVolumes } from "./storage.ts";
import { World } from "./world.ts";

/**
 * A machine without a kernel, and the daemon on it: verbs, database and files are real, everything below them is a
 * {@link World}. The daemon can be killed at any call and another one started. Needs no root; milliseconds a life.
 */
export class Host implements AsyncDisposable {
  readonly world = new World(mkdtempSync(join(tmpdir(), "berth-life-")));
  readonly store = openStore(":memory:");
  /** As the daemon of the moment logged them: warnings and errors. */
  readonly complaints: string[] = [];
  /** `action` of each event, with the exit code where one tells it. */
  readonly events: string[] = [];
  readonly #closed = closedStore();
  calls: Calls;
  deps: ContainerDeps;
  #listeners = new Set<(exit: TaskExit) => void>();

  private constructor() {
    ({ calls: this.calls, deps: this.deps } = this.#daemon());
  }

  static async start(): Promise<Host> {
    const host = new Host();
    await restoreContainers(host.deps);
    return host;
  }

  #daemon(): Pick<Host, "calls" | "deps"> {
    const { world, store } = this;
    const [dataRoot, execRoot] = [join(world.root, "data"), join(world.root, "exec")];
    for (const root of [dataRoot, execRoot]) mkdirSync(root, { recursive: true });
    const listeners = (this.#listeners = new Set());
    // Of a killed daemon nobody hears any more, nor does it reach the database.
    const calls = new Calls(() => {
      listeners.clear();
      Object.assign(deps, { store: this.#closed, log: silent, events: new EventBus(nowNano) });
    });
    const events = new EventBus(nowNano);
    const publish = events.publish.bind(events);
    events.publish = (...event) => {
      const [type, action, actor] = event;
      if (type === "container") this.events.push([action, actor.Attributes.exitCode ?? []].flat().join(" "));
      publish(...event);
    };
    const deps: ContainerDeps = {
      store,
      events,
      log: new Logger("warn", "text", (line) => this.complaints.push(line.replace(/^time="[^"]*" /, ""))),
      dataRoot,
      execRoot,
      images: fakeImages(world, calls),
      rootfs: fakeRootFilesystems(world, calls),
      networks: fakeNetworks(world, calls),
      volumes: fakeVolumes(world, calls),
      runtime: fakeRuntime(world, calls, listeners),
      cdi: null,
      remap: null,
      kernel: {
        mount: (_, target) => calls.makeNow("kernel.mount", () => void world.mounts.add(target)),
        mountMapped: (_, target) => calls.make("kernel.mountMapped", () => void world.mounts.add(target)),
        userNamespace: () =>
          calls.make("kernel.userNamespace", () => ({ fd: -1, path: "", [Symbol.dispose]: () => {} })),
        unmountAll: (target) => calls.makeNow("kernel.unmountAll", () => void world.mounts.delete(target)),
        bootId: () => "boot",
      },
      facts,
      defaults,
      locks: new KeyedLock(),
      live: new LiveContainers(),
    };
    return { calls, deps };
  }

  /** The next daemon, after one that was killed or that {@link leave} has ended. */
  async boot(): Promise<void> {
    ({ calls: this.calls, deps: this.deps } = this.#daemon());
    await restoreContainers(this.deps);
    await this.deps.live.settled();
  }

  /** The daemon goes in peace; its containers run on. */
  async leave(): Promise<void> {
    await releaseContainers(this.deps);
  }

  /**
   * A container that takes of everything there is: volumes with and without a name, one by a subpath, an image, a bind
   * whose source is made, shared memory, a network, a log that a collector follows.
   */
  async create(host: HostConfig = {}, body: CreateBody = {}): Promise<string> {
    const { Id } = await createContainer(this.deps, { body: this.request(host, body) });
    return Id;
  }

  request(host: HostConfig = {}, body: CreateBody = {}): CreateBody {
    return {
      Image: "busybox",
      WorkingDir: "/work",
      Volumes: { "/anonymous": {} },
      ...body,
      HostConfig: {
        IpcMode: "shareable",
        LogConfig: { Type: "json-file", Config: {} },
        Binds: [`${join(this.world.root, "made", "source")}:/bind`],
        Mounts: [
          { Type: "volume", Source: "named", Target: "/named", VolumeOptions: { Subpath: "sub", NoCopy: true } },
          { Type: "image", Source: "busybox", Target: "/image" },
        ],
        ...host,
      },
    };
  }

  record(id: string): ContainerRecord {
    const c = containerById(this.store, id);
    if (!c) throw new Error(`no container ${id}`);
    return c;
  }

  /** Resolves when nobody is at work on a container. */
  async atRest(id: string): Promise<void> {
    using _ = await this.deps.locks.acquire(id);
  }

  /** The container's first process ends by itself. */
  end(id: string, end: { exitCode: number; oomKilled?: boolean; finishedAt?: bigint }): void {
    endTask(this.world, this.#listeners, id, end);
  }

  /** Has one call of `verb` go wrong, from the daemon's death on without waiting for it. Returns what it threw. */
  async mishap(at: number | string, what: Mishap, verb: () => Promise<unknown>): Promise<unknown> {
    this.calls.arrange(at, what);
    const { calls } = this;
    const outcome = verb().then(
      () => null,
      (error: unknown) => error,
    );
    return await Promise.race([outcome, calls.death]);
  }

  /** The calls that `verb` makes when all goes well, and what it leaves to do in the background. */
  async callsOf(verb: () => Promise<unknown>): Promise<string[]> {
    this.calls.arrange();
    await verb();
    await this.deps.live.settled();
    return [...this.calls.made];
  }

  /** What is left of containers that are gone: nothing, if all is well. Named volumes stay. */
  left(): string[] {
    return [
      ...allContainers(this.store).map(({ id, state }) => `row ${id}, ${state.phase}`),
      ...this.world.taken(),
      ...[...this.world.rootfs.keys()].map((key) => `rootfs ${key}`),
      ...[...this.world.volumes.keys()].filter((name) => name !== "named").map((name) => `volume ${name}`),
      ...["data/containers", "exec/containers"].flatMap((dir) => namesIn(join(this.world.root, dir))),
    ];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.leave();
    this.store.close();
    rmSync(this.world.root, { recursive: true, force: true });
  }
}

/** Resolves when it holds; what it waits for takes no time that could be counted. */
export async function until(condition: () => boolean): Promise<void> {
  for (let turn = 0; !condition(); turn++) {
    if (turn === 20_000) throw new Error(`it does not come to be: ${condition}`);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

function closedStore(): Store {
  const store = openStore(":memory:");
  store.close();
  return store;
}

function namesIn(dir: string): string[] {
  try {
    return readdirSync(dir).map((name) => join(dir, name));
  } catch {
    return [];
  }
}

const defaults: ContainerDefaults = {
  runtime: "fake",
  initPath: "/nowhere",
  init: false,
  shmSize: 64 << 20,
  ulimits: [],
  logConfig: { Type: "local", Config: {} },
  ipcMode: "private",
  cgroupnsMode: "private",
  cgroupParent: "",
  seccompProfile: "builtin",
  noNewPrivileges: false,
  stopTimeout: 10,
};

const facts: HostFacts = {
  cgroupVersion: 2,
  capabilities: ["CAP_CHOWN", "CAP_KILL", "CAP_NET_BIND_SERVICE"],
  kernel: [6, 18],
  arch: "amd64",
  seccomp: false,
  apparmor: false,
  cgroupNamespaces: true,
  ipv4Forwarding: true,
  rlimits: {},
  cpus: 2,
  memoryLimit: true,
  swapLimit: true,
  memoryReservation: true,
  memorySwappiness: true,
  oomKillDisable: true,
  cpuShares: true,
  cpuCfs: true,
  cpuRealtime: false,
  cpuset: true,
  cpusetCpus: "0-1",
  cpusetMems: "0",
  pidsLimit: true,
  blkioWeight: true,
  blkioWeightDevice: true,
  blkioThrottle: true,
  cgroupDevices: true,
  thermalPaths: [],
  pingGroupRange: true,
  unprivilegedPorts: true,
};
