import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { rootfsTar } from "../../scripts/images.ts";
import type { EngineEvent } from "../../src/api/event.ts";
import { EventBus } from "../../src/api/events.ts";
import type { Frame } from "../../src/api/stdcopy.ts";
import type { CreateBody, HostConfig } from "../../src/api/types/container.ts";
import { layerUsers } from "../../src/builder/cache/layer-users.ts";
import { createContainer } from "../../src/container/create/create.ts";
import type { ContainerDeps } from "../../src/container/deps.ts";
import { imageUsers } from "../../src/container/image-users.ts";
import { removeContainer } from "../../src/container/life/remove.ts";
import { restoreContainers } from "../../src/container/life/restore.ts";
import { releaseContainers } from "../../src/container/life/shutdown.ts";
import { startContainer } from "../../src/container/life/start.ts";
import { waitContainer } from "../../src/container/life/wait.ts";
import { LiveContainers } from "../../src/container/live.ts";
import { attachContainer } from "../../src/container/streams/attach.ts";
import type { Attachment } from "../../src/container/streams/attachment.ts";
import { allContainers } from "../../src/container/table.ts";
import { loadImages } from "../../src/image/archive/load.ts";
import { abandonLeases } from "../../src/image/collect/lease.ts";
import type { ImageDeps } from "../../src/image/deps.ts";
import { imagesForContainers, rootFilesystems } from "../../src/image/for-containers.ts";
import { openImages } from "../../src/image/open.ts";
import { newId } from "../../src/lib/ids.ts";
import { KeyedLock } from "../../src/lib/lock.ts";
import { Logger } from "../../src/lib/log.ts";
import { detectCgroups } from "../../src/linux/cgroup.ts";
import { nowNano } from "../../src/linux/clock.ts";
import { kernel } from "../../src/linux/kernel.ts";
import { blobUsers } from "../../src/managed-plugin/blob-users.ts";
import { defaultAddressPools } from "../../src/network/address/ipam.ts";
import { builtinIpamDrivers } from "../../src/network/address/ipam-driver.ts";
import type { NetworkDeps } from "../../src/network/deps.ts";
import { dismantleNetworks } from "../../src/network/dismantle.ts";
import { Resolver } from "../../src/network/dns/resolver.ts";
import { networkDrivers } from "../../src/network/driver/builtin.ts";
import { networksForContainers } from "../../src/network/for-containers.ts";
import { LiveNetworks } from "../../src/network/live.ts";
import { startNetworks } from "../../src/network/start.ts";
import { Plugins } from "../../src/plugin/plugins.ts";
import { readHostFacts } from "../../src/runtime/bundle/host-facts.ts";
import { createRuntimeDeps, type RuntimeDeps } from "../../src/runtime/deps.ts";
import { builtinLogDrivers } from "../../src/runtime/logs/driver/builtin.ts";
import { LogDrivers } from "../../src/runtime/logs/driver/drivers.ts";
import { releaseCgroups } from "../../src/runtime/monitor-cgroup.ts";
import { openRuntime } from "../../src/runtime/runtime.ts";
import { openStore } from "../../src/store/store.ts";
import type { VolumeDeps } from "../../src/volume/deps.ts";
import { builtinVolumeDrivers } from "../../src/volume/driver/builtin.ts";
import { VolumeDrivers } from "../../src/volume/driver/drivers.ts";
import { volumesForContainers } from "../../src/volume/for-containers.ts";
import { sh } from "../harness.ts";
import { endRig } from "../leftovers.ts";

export interface Ran {
  id: string;
  exitCode: number;
  stdout: string;
  stderr: string;
}

type Told = Pick<EngineEvent, "Type" | "Action" | "Actor">;

/** Keeps what is told at once; a subscriber would get it a moment later. */
class RecordedEvents extends EventBus {
  constructor(private readonly told: Told[]) {
    super(nowNano);
  }

  override publish(...event: Parameters<EventBus["publish"]>): void {
    const [Type, Action, { ID, Attributes }] = event;
    this.told.push({ Type, Action, Actor: { ID, Attributes: { ...Attributes } } });
    super.publish(...event);
  }
}

/** The engine without its HTTP face: real contexts on roots of their own. Leaves nothing behind, and proves it. */
export class Rig implements AsyncDisposable {
  readonly root = mkdtempSync("/tmp/berth-ct-");
  readonly instance = newId().slice(0, 8);
  readonly events: Told[] = [];
  deps: ContainerDeps;
  images: ImageDeps;
  networks: NetworkDeps;
  volumes: VolumeDeps;
  runtime: RuntimeDeps;

  private constructor() {
    ({
      deps: this.deps,
      images: this.images,
      networks: this.networks,
      volumes: this.volumes,
      runtime: this.runtime,
    } = this.#open());
  }

  static async start(): Promise<Rig> {
    const rig = new Rig();
    try {
      await rig.#up();
      await rig.image("busybox", { Cmd: ["sh"] });
    } catch (error) {
      await rig[Symbol.asyncDispose]().catch(() => {});
      throw error;
    }
    return rig;
  }

  #open(): Pick<Rig, "deps" | "images" | "networks" | "volumes" | "runtime"> {
    const [dataRoot, execRoot] = [join(this.root, "data"), join(this.root, "exec")];
    for (const dir of [dataRoot, execRoot, join(dataRoot, "volumes")]) mkdirSync(dir, { recursive: true });
    const cgroups = detectCgroups();
    const store = openStore(join(dataRoot, "berth.db"));
    const events = new RecordedEvents(this.events);
    const log = new Logger("warn");
    const images = openImages({
      store,
      events,
      log,
      dataRoot,
      execRoot,
      imageUsers: imageUsers(store),
      layerUsers: layerUsers(store),
      blobUsers: blobUsers(store),
    });
    const volumes = {
      store,
      events,
      log,
      drivers: new VolumeDrivers(builtinVolumeDrivers(join(dataRoot, "volumes")), new Plugins([], log), log),
      locks: new KeyedLock(),
    };
    const networks: NetworkDeps = {
      store,
      drivers: networkDrivers(),
      plugins: new Plugins([], log),
      ipamDrivers: builtinIpamDrivers(),
      resolver: new Resolver(store),
      events,
      log,
      execRoot,
      instance: this.instance,
      bridge: {
        name: `bt${this.instance}`,
        cidr: "",
        cidrV6: "",
        fixedCidr: "",
        ipv6: false,
        fixedCidrV6: "",
        defaultGateway: "",
        defaultGatewayV6: "",
        icc: true,
        masquerade: true,
        mtu: 0,
      },
      dns: { servers: [], search: [], options: [] },
      addressPools: defaultAddressPools,
      defaultOptions: {},
      hostGatewayIps: [],
      publishAddress: "",
      publishPolicy: "open",
      allowDirectRouting: false,
      systemBus: join(execRoot, "no-bus"),
      ipForward: true,
      live: new LiveNetworks(),
    };
    const runtime = createRuntimeDeps({
      logDrivers: new LogDrivers(builtinLogDrivers(), new Plugins([], log)),
      execRoot,
      log,
      instance: this.instance,
      conmonPath: "/usr/bin/conmon",
      runtimes: { crun: { path: "/usr/bin/crun" }, runc: { path: "/usr/sbin/runc" } },
      defaultRuntime: "crun",
      cgroupDriver: "cgroupfs",
      cgroups,
    });
    const deps: ContainerDeps = {
      store,
      events,
      log,
      dataRoot,
      execRoot,
      images: imagesForContainers(images),
      rootfs: rootFilesystems(images),
      volumes: volumesForContainers(volumes),
      networks: networksForContainers(networks),
      runtime: openRuntime(runtime),
      kernel,
      cdi: null,
      remap: null,
      facts: readHostFacts(cgroups),
      defaults: {
        runtime: "crun",
        initPath: "/usr/bin/tini-static",
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
      },
      locks: new KeyedLock(),
      live: new LiveContainers(),
    };
    return { deps, images, networks, volumes, runtime };
  }

  async #up(): Promise<void> {
    await startNetworks(this.networks);
    await restoreContainers(this.deps);
  }

  /** The daemon goes without a word (its timers, watches and sockets with it) and another one comes. */
  async crashAndRestart(meanwhile: () => Promise<void> = async () => {}): Promise<void> {
    await releaseContainers(this.deps);
    this.networks.live[Symbol.dispose]();
    abandonLeases(this.images);
    await this.images.archiver[Symbol.asyncDispose]();
    this.deps.store.close();
    await meanwhile();
    Object.assign(this, this.#open());
    await this.#up();
  }

  /** Loads an image made of busybox, with this configuration and more files. */
  async image(name: string, config: Record<string, unknown>, files: Record<string, string> = {}): Promise<void> {
    const dir = mkdtempSync(join(this.root, "image-"));
    const layers = [await rootfsTar("busybox")];
    if (Object.keys(files).length > 0) {
      for (const [path, text] of Object.entries(files)) {
        mkdirSync(join(dir, "more", path, ".."), { recursive: true });
        writeFileSync(join(dir, "more", path), text);
      }
      await must(["tar", "-C", join(dir, "more"), "--owner=33", "--group=33", "-cf", join(dir, "more.tar"), "."]);
      layers.push(join(dir, "more.tar"));
    }
    const diffIds = await Promise.all(
      layers.map(
        async (path) => `sha256:${new Bun.CryptoHasher("sha256").update(await Bun.file(path).bytes()).digest("hex")}`,
      ),
    );
    writeFileSync(
      join(dir, "config.json"),
      JSON.stringify({
        architecture: "amd64",
        os: "linux",
        config,
        rootfs: { type: "layers", diff_ids: diffIds },
        history: [],
      }),
    );
    for (const [i, path] of layers.entries()) await must(["cp", path, join(dir, `${i}.tar`)]);
    writeFileSync(
      join(dir, "manifest.json"),
      JSON.stringify([
        { Config: "config.json", RepoTags: [`${name}:latest`], Layers: layers.map((_, i) => `${i}.tar`) },
      ]),
    );
    await must([
      "tar",
      "-C",
      dir,
      "-cf",
      join(dir, "image.tar"),
      "manifest.json",
      "config.json",
      ...layers.map((_, i) => `${i}.tar`),
    ]);
    for await (const progress of loadImages(this.images, Bun.file(join(dir, "image.tar")).stream()))
      if (progress.error) throw new Error(progress.error);
    rmSync(dir, { recursive: true });
  }

  async create(cmd: string[], body: CreateBody = {}, host: HostConfig = {}, name?: string): Promise<string> {
    const request = {
      body: { Image: "busybox", Cmd: cmd, ...body, HostConfig: { NetworkMode: "none", ...host } },
      ...(name && { name }),
    };
    return (await createContainer(this.deps, request)).Id;
  }

  /** Creates and starts. */
  async start(cmd: string[], body: CreateBody = {}, host: HostConfig = {}, name?: string): Promise<string> {
    const id = await this.create(cmd, body, host, name);
    await startContainer(this.deps, id);
    return id;
  }

  /** `docker run` without a terminal: attached before the start, to the end. The container stays. */
  async run(cmd: string[], body: CreateBody = {}, host: HostConfig = {}, input?: string): Promise<Ran> {
    const stdin = input === undefined ? {} : { OpenStdin: true, StdinOnce: true };
    const id = await this.create(cmd, { ...stdin, ...body }, host);
    const attachment = await attachContainer(this.deps, id, {
      stdout: true,
      stderr: true,
      stdin: input !== undefined,
      stream: true,
    });
    const output = collect(attachment);
    const { result } = await waitContainer(this.deps, id, "next-exit");
    await startContainer(this.deps, id);
    if (input !== undefined) {
      await attachment.write(new TextEncoder().encode(input));
      attachment.closeStdin();
    }
    const { StatusCode } = await result;
    return { id, exitCode: StatusCode, ...(await output) };
  }

  async exit(id: string): Promise<number> {
    return (await (await waitContainer(this.deps, id)).result).StatusCode;
  }

  actions(id: string): string[] {
    return this.events.filter((event) => event.Actor.ID === id).map((event) => event.Action);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { id } of allContainers(this.deps.store))
      await removeContainer(this.deps, id, { force: true, volumes: true });
    await this.deps.live.settled();
    await releaseContainers(this.deps);
    await dismantleNetworks(this.networks);
    await this.images.archiver[Symbol.asyncDispose]();
    this.deps.store.close();
    const exec = ["containers", "exits", "netns", "views"].map((dir) => join("exec", dir));
    const files = ["data/containers", ...exec].map((dir) => join(this.root, dir));
    // Who has ended is in its cgroup until it is reaped.
    await endRig({ root: this.root, instance: this.instance, files }, { before: () => releaseCgroups(this.runtime) });
  }
}

async function must(argv: string[]): Promise<void> {
  const { exitCode, stderr } = await sh(argv);
  if (exitCode !== 0) throw new Error(`${argv.join(" ")}: ${stderr}`);
}

/** All that comes out, until the end. */
export async function collect(
  output: Pick<Attachment, "frames"> | { batches: AsyncIterable<Frame[]> },
): Promise<{ stdout: string; stderr: string }> {
  const parts: Record<1 | 2, Buffer[]> = { 1: [], 2: [] };
  for await (const next of "frames" in output ? output.frames : output.batches)
    for (const { stream, data } of Array.isArray(next) ? next : [next]) parts[stream].push(Buffer.from(data));
  return { stdout: Buffer.concat(parts[1]).toString(), stderr: Buffer.concat(parts[2]).toString() };
}
