import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { rootfsTar } from "../../scripts/images.ts";
import { EventBus, type EngineEvent } from "../../src/api/events.ts";
import type { HostConfig } from "../../src/api/types/container.ts";
import { attachContainer } from "../../src/container/attach.ts";
import type { Attachment } from "../../src/container/attachment.ts";
import type { ContainerContext } from "../../src/container/context.ts";
import { createContainer, type CreateBody } from "../../src/container/create.ts";
import { LiveContainers } from "../../src/container/live.ts";
import { removeContainer } from "../../src/container/remove.ts";
import { restoreContainers } from "../../src/container/restore.ts";
import { releaseContainers } from "../../src/container/shutdown.ts";
import { readHostFacts } from "../../src/runtime/spec/host-facts.ts";
import { startContainer } from "../../src/container/start.ts";
import { allContainers } from "../../src/container/table.ts";
import { waitContainer } from "../../src/container/wait.ts";
import { loadImages } from "../../src/image/load.ts";
import { openImages } from "../../src/image/open.ts";
import { newId } from "../../src/lib/ids.ts";
import { KeyedLock } from "../../src/lib/lock.ts";
import { Logger } from "../../src/lib/log.ts";
import { cgroupDirs } from "../../src/linux/cgroup-tree.ts";
import { detectCgroups } from "../../src/linux/cgroup.ts";
import { dismantleNetworks } from "../../src/network/dismantle.ts";
import { defaultAddressPools } from "../../src/network/ipam.ts";
import { LiveNetworks } from "../../src/network/live.ts";
import { startNetworks } from "../../src/network/start.ts";
import { createRuntimeContext } from "../../src/runtime/context.ts";
import { releaseCgroups } from "../../src/runtime/monitor-cgroup.ts";
import { openStore } from "../../src/store/store.ts";
import { sh, until } from "../harness.ts";

export interface Ran {
  id: string;
  exitCode: number;
  stdout: string;
  stderr: string;
}

/** The engine without its HTTP face: real contexts on roots of their own. Leaves nothing behind, and proves it. */
export class Rig implements AsyncDisposable {
  readonly root = mkdtempSync("/tmp/berth-ct-");
  readonly instance = newId().slice(0, 8);
  readonly events: EngineEvent[] = [];
  ctx: ContainerContext;
  #eventStop = new AbortController();

  private constructor() {
    this.ctx = this.#open();
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

  #open(): ContainerContext {
    const [dataRoot, execRoot] = [join(this.root, "data"), join(this.root, "exec")];
    for (const dir of [dataRoot, execRoot, join(dataRoot, "volumes")]) mkdirSync(dir, { recursive: true });
    const cgroups = detectCgroups();
    const store = openStore(join(dataRoot, "berth.db"));
    const events = new EventBus();
    const log = new Logger("warn");
    return {
      store, events, log, dataRoot, execRoot,
      images: openImages({ store, events, log, dataRoot, execRoot }),
      volumes: { store, events, log, root: join(dataRoot, "volumes"), locks: new KeyedLock() },
      networks: {
        store, events, log, execRoot, instance: this.instance,
        bridge: { name: `bt${this.instance}`, cidr: "", fixedCidr: "", ipv6: false, fixedCidrV6: "", defaultGateway: "", defaultGatewayV6: "", icc: true, masquerade: true, mtu: 0 },
        dns: { servers: [], search: [], options: [] }, addressPools: defaultAddressPools, defaultOptions: {}, hostGatewayIps: [], publishAddress: "", ipForward: true,
        live: new LiveNetworks(),
      },
      runtime: createRuntimeContext({
        execRoot, log, instance: this.instance, conmonPath: "/usr/bin/conmon", runtimes: { crun: { path: "/usr/bin/crun" }, runc: { path: "/usr/sbin/runc" } },
        defaultRuntime: "crun", cgroupDriver: "cgroupfs", cgroups,
      }),
      facts: readHostFacts(cgroups),
      defaults: {
        runtime: "crun", initPath: "/usr/bin/tini-static", init: false, shmSize: 64 << 20, ulimits: [], logConfig: { Type: "local", Config: {} },
        ipcMode: "private", cgroupnsMode: "private", cgroupParent: "", seccompProfile: "builtin", noNewPrivileges: false, stopTimeout: 10,
      },
      locks: new KeyedLock(),
      live: new LiveContainers(),
    };
  }

  async #up(): Promise<void> {
    const { signal } = (this.#eventStop = new AbortController());
    const subscription = this.ctx.events.subscribe({ signal });
    void (async () => {
      for await (const event of subscription) this.events.push(event);
    })();
    await startNetworks(this.ctx.networks);
    await restoreContainers(this.ctx);
  }

  /** The daemon goes without a word (its timers, watches and sockets with it) and another one comes. */
  async crashAndRestart(meanwhile: () => Promise<void> = async () => {}): Promise<void> {
    await releaseContainers(this.ctx);
    this.#eventStop.abort();
    this.ctx.networks.live[Symbol.dispose]();
    await this.ctx.images.archiver[Symbol.asyncDispose]();
    this.ctx.store.close();
    await meanwhile();
    this.ctx = this.#open();
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
    const diffIds = await Promise.all(layers.map(async (path) => `sha256:${new Bun.CryptoHasher("sha256").update(await Bun.file(path).bytes()).digest("hex")}`));
    writeFileSync(join(dir, "config.json"), JSON.stringify({ architecture: "amd64", os: "linux", config, rootfs: { type: "layers", diff_ids: diffIds }, history: [] }));
    for (const [i, path] of layers.entries()) await must(["cp", path, join(dir, `${i}.tar`)]);
    writeFileSync(join(dir, "manifest.json"), JSON.stringify([{ Config: "config.json", RepoTags: [`${name}:latest`], Layers: layers.map((_, i) => `${i}.tar`) }]));
    await must(["tar", "-C", dir, "-cf", join(dir, "image.tar"), "manifest.json", "config.json", ...layers.map((_, i) => `${i}.tar`)]);
    for await (const progress of loadImages(this.ctx.images, Bun.file(join(dir, "image.tar")).stream())) if (progress.error) throw new Error(progress.error);
    rmSync(dir, { recursive: true });
  }

  async create(cmd: string[], body: CreateBody = {}, host: HostConfig = {}, name?: string): Promise<string> {
    const request = { body: { Image: "busybox", Cmd: cmd, ...body, HostConfig: { NetworkMode: "none", ...host } }, ...(name && { name }) };
    return (await createContainer(this.ctx, request)).Id;
  }

  /** Creates and starts. */
  async start(cmd: string[], body: CreateBody = {}, host: HostConfig = {}, name?: string): Promise<string> {
    const id = await this.create(cmd, body, host, name);
    await startContainer(this.ctx, id);
    return id;
  }

  /** `docker run` without a terminal: attached before the start, to the end. The container stays. */
  async run(cmd: string[], body: CreateBody = {}, host: HostConfig = {}, input?: string): Promise<Ran> {
    const stdin = input === undefined ? {} : { OpenStdin: true, StdinOnce: true };
    const id = await this.create(cmd, { ...stdin, ...body }, host);
    const attachment = await attachContainer(this.ctx, id, { stdout: true, stderr: true, stdin: input !== undefined, stream: true });
    const output = collect(attachment);
    const { result } = await waitContainer(this.ctx, id, "next-exit");
    await startContainer(this.ctx, id);
    if (input !== undefined) {
      await attachment.write(new TextEncoder().encode(input));
      attachment.closeStdin();
    }
    const { StatusCode } = await result;
    return { id, exitCode: StatusCode, ...(await output) };
  }

  async exit(id: string): Promise<number> {
    return (await (await waitContainer(this.ctx, id)).result).StatusCode;
  }

  actions(id: string): string[] {
    return this.events.filter((event) => event.Actor.ID === id).map((event) => event.Action);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { id } of allContainers(this.ctx.store)) await removeContainer(this.ctx, id, { force: true, volumes: true });
    await this.ctx.live.settled();
    await releaseContainers(this.ctx);
    await dismantleNetworks(this.ctx.networks);
    await this.ctx.images.archiver[Symbol.asyncDispose]();
    this.#eventStop.abort();
    this.ctx.store.close();
    await until("processes to be gone", () => this.#processes().length === 0).catch(() => {});
    const cgroups = () => ["", "-monitors"].flatMap((suffix) => cgroupDirs(this.ctx.runtime.cgroups, `/berth-${this.instance}${suffix}`)).filter((dir) => existsSync(dir));
    // Who has ended is in its cgroup until it is reaped.
    await until("cgroups to be empty", () => { releaseCgroups(this.ctx.runtime); return cgroups().length === 0; }).catch(() => {});
    const left = [
      ...this.#processes(),
      ...readFileSync("/proc/self/mounts", "utf8").split("\n").filter((line) => line.includes(this.root)),
      ...cgroups(),
      ...["data/containers", "exec/containers", "exec/exits", "exec/netns", "exec/views"].flatMap((dir) => list(join(this.root, dir))),
    ];
    rmSync(this.root, { recursive: true, force: true });
    if (left.length > 0) throw new Error(`left behind:\n${left.join("\n")}`);
  }

  #processes(): string[] {
    return list("/proc").filter((path) => /\d$/.test(path)).flatMap((path) => {
      try {
        const line = readFileSync(`${path}/cmdline`, "utf8").replaceAll("\0", " ");
        return line.includes(this.root) ? [`${path} ${line}`] : [];
      } catch {
        return [];
      }
    });
  }
}

const list = (dir: string) => (existsSync(dir) ? readdirSync(dir).map((name) => join(dir, name)) : []);

async function must(argv: string[]): Promise<void> {
  const { exitCode, stderr } = await sh(argv);
  if (exitCode !== 0) throw new Error(`${argv.join(" ")}: ${stderr}`);
}

/** All that comes out, until the end. */
export async function collect({ frames }: Pick<Attachment, "frames">): Promise<{ stdout: string; stderr: string }> {
  const parts: Record<1 | 2, Buffer[]> = { 1: [], 2: [] };
  for await (const { stream, data } of frames) parts[stream].push(Buffer.from(data));
  return { stdout: Buffer.concat(parts[1]).toString(), stderr: Buffer.concat(parts[2]).toString() };
}
