import { mkdirSync, rmdirSync } from "node:fs";
import { join } from "node:path";
import type { Mount } from "../../../api/buildkit/llb.ts";
import { conflict, invalid } from "../../../lib/errors.ts";
import { newId } from "../../../lib/ids.ts";
import { pause } from "../../../lib/pause.ts";
import { killTask } from "../../../runtime/kill.ts";
import type { StageResult } from "../../result.ts";
import { mountChain } from "../../steps/mounts/bind.ts";
import { prepareRunMounts } from "../../steps/mounts/prepare.ts";
import type { Sandbox, SandboxRequest } from "../../steps/sandbox.ts";
import { checkMount, runMount } from "../exec/read.ts";
import { BadDefinition } from "../graph.ts";
import type { LlbWork } from "../work.ts";
import { type ContainerProcess, runBeside, runFirst } from "./process.ts";

/** How long processes that were killed may take to be seen to end, in ms. */
const longestEnd = 5_000;

/** What a frontend's container is made of. */
export interface ContainerRequest {
  /** By which the frontend knows it. */
  name: string;
  /** `input`: an index into `inputs`, or -1. */
  mounts: readonly Mount[];
  inputs: readonly StageResult[];
  network: "default" | "host" | "none";
  hostname: string;
  /** `name:ip`. */
  extraHosts: readonly string[];
}

/** A process that is to run in it. */
export interface ProcessRequest {
  args: string[];
  env: string[];
  cwd: string;
  user: string;
  tty: boolean;
  stdin: boolean;
  insecure: boolean;
}

/**
 * A container that a frontend runs things in, upon results of its build. Of what is written in it nothing is kept. Its
 * first process begins the sandbox and ends it; others run beside that one.
 */
export class FrontendContainer {
  #sandbox: Promise<Sandbox> | undefined;
  #released: Promise<void> | undefined;
  #ended = false;
  readonly #exits: Promise<number>[] = [];

  private constructor(
    private readonly work: Pick<LlbWork, "deps">,
    private readonly name: string,
    private readonly place: Pick<SandboxRequest, "rootfs" | "mounts" | "network" | "hostname" | "build">,
    /** `NAME=value`. */
    private readonly env: readonly string[],
    /** Where each mount of the request is on the host; undefined where there is nothing to look into. */
    private readonly roots: readonly (string | undefined)[],
    private readonly undo: AsyncDisposableStack,
  ) {}

  /** Mounts what it is made of. Throws {@link BadDefinition} for what it cannot be. */
  static async open(work: LlbWork, request: ContainerRequest): Promise<FrontendContainer> {
    const { deps, imported, client, signal } = work;
    const { mounts, inputs, network, hostname, extraHosts } = request;
    for (const mount of mounts) checkMount(mount, inputs.length);
    const [root, second] = mounts.filter(({ dest }) => dest === "/");
    if (!root || second) throw new BadDefinition("a container needs one root filesystem");
    if (root.mountType !== 0) throw new BadDefinition("invalid mount type for /");
    for (const input of inputs) await imported.materialize(input, signal);
    await using undo = new AsyncDisposableStack();
    const rootfs = join(deps.execRoot, "builds", newId());
    mkdirSync(rootfs, { recursive: true, mode: 0o700 });
    undo.defer(() => rmdirSync(rootfs));
    await mountChain({ deps, undo }, inputs[root.input]?.chain ?? [], rootfs, true);
    const others = mounts.filter((mount) => mount !== root);
    const prepared = await prepareRunMounts(
      {
        deps,
        session: client,
        refuse: (message) => invalid(message),
        mounts: others.map(runMount),
        cwd: "/",
        signal,
        script: undefined,
      },
      async ({ from }) => inputs[Number(from ?? -1)] ?? { chain: [] },
      undo,
    );
    const places = new Map(prepared.mounts.map((mount) => [mount.destination, mount]));
    const roots = mounts.map((mount) => (mount === root ? rootfs : places.get(join("/", mount.dest))?.source));
    const place = {
      rootfs,
      // Outer ones first.
      mounts: prepared.mounts.toSorted((a, b) => depth(a.destination) - depth(b.destination)),
      network,
      ...(hostname !== "" && { hostname }),
      build: { resources: { ShmSize: 0 }, extraHosts: [...extraHosts] },
    };
    return new FrontendContainer(work, request.name, place, prepared.env, roots, undo.move());
  }

  /** Starts a process: the first one, or another beside it. */
  async start({ args, env, cwd, user, tty, stdin, insecure }: ProcessRequest): Promise<ContainerProcess> {
    if (this.#released) throw conflict(`container ${this.name} not found`);
    const { deps } = this.work;
    const request: SandboxRequest = {
      ...this.place,
      argv: args,
      env: [...env, ...this.env],
      cwd,
      user,
      insecure,
    };
    const streams = { tty, stdin };
    if (this.#sandbox) {
      const sandbox = await this.#sandbox;
      if (this.#ended) throw conflict(`container ${this.name} not found`);
      const process = await runBeside(deps, sandbox, request, streams, this.undo);
      this.#exits.push(process.exited);
      return process;
    }
    const first = runFirst(deps, request, streams, this.undo);
    this.#sandbox = first.then(({ sandbox }) => sandbox);
    this.#sandbox.catch(() => {});
    const { process } = await first;
    this.#exits.push(process.exited);
    void process.exited.then(() => {
      this.#ended = true;
    });
    return process;
  }

  get network(): string {
    return this.place.network;
  }

  /** Where a mount is on the host, by its place in the request. */
  root(index: number): string | undefined {
    return this.roots[index];
  }

  get mountCount(): number {
    return this.roots.length;
  }

  /** Kills what runs in it and takes it away. */
  release(): Promise<void> {
    this.#released ??= this.#release();
    return this.#released;
  }

  async #release(): Promise<void> {
    const sandbox = await this.#sandbox?.catch(() => undefined);
    if (sandbox && !this.#ended) {
      await killTask(this.work.deps.runtime, sandbox.id, 9, { all: true }).catch(() => {});
      // Whoever follows one of its processes hears of its end first.
      await Promise.race([Promise.all(this.#exits), pause(longestEnd)]);
    }
    await this.undo.disposeAsync();
  }
}

const depth = (path: string) => path.split("/").filter(Boolean).length;
