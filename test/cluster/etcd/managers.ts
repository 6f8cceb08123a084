/** Managers' parts of a cluster's memory, each on a machine of its own: a network namespace; all on one bridge. */
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { issueEtcd, newRequest } from "../../../src/cluster/ca/issue.ts";
import { newRoot, type Root } from "../../../src/cluster/ca/root.ts";
import { EtcdBackings } from "../../../src/cluster/etcd/backings.ts";
import { peerName } from "../../../src/cluster/etcd/member.ts";
import type { Backing, BackingRequest } from "../../../src/cluster/member/backing.ts";
import type { ClusterStore } from "../../../src/cluster/store/store.ts";
import { silent } from "../../../src/lib/log.ts";
import { run, runOk } from "../../../src/lib/run.ts";
import { endRig } from "../../leftovers.ts";

/** One of them. */
export interface ManagerRig {
  name: string;
  netns: string;
  who: BackingRequest;
  backings: EtcdBackings;
  /** While it is open. */
  backing: Backing;
  dataDir: string;
}

/** All managers of a test seal with it. */
export const storeKey = Buffer.alloc(32, 7).toString("base64");

/** What a store is asked to keep. */
export const secret = (ID: string) =>
  ({ put: "secret", object: { ID, Spec: { Name: ID, Labels: {}, Data: "eA==" } } }) as const;

/** What there is little of. `disk`: of that manager's etcd. */
export interface Limits {
  /** Bytes. */
  quota?: number;
  disk?: { number: number; megabytes: number };
}

export class Managers implements AsyncDisposable {
  readonly root = mkdtempSync("/tmp/berth-etcd-");
  readonly all: ManagerRig[] = [];
  private readonly tag = crypto.randomUUID().slice(0, 5);
  private readonly undo = new AsyncDisposableStack();
  private authority: Root | undefined;

  private constructor(private readonly limits: Limits) {}

  /** The first founds the cluster, the others are let in by it. */
  static async start(count: number, limits: Limits = {}): Promise<Managers> {
    const rig = new Managers(limits);
    try {
      rig.undo.defer(() => endRig({ root: rig.root }));
      await rig.namespace(rig.hub);
      await runOk(["ip", "-n", rig.hub, "link", "add", "br0", "type", "bridge"]);
      await runOk(["ip", "-n", rig.hub, "link", "set", "br0", "up"]);
      for (let number = 1; number <= count; number++) await rig.add(number);
      return rig;
    } catch (error) {
      await rig[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Adds another manager; it takes part when this returns. */
  async add(number: number): Promise<ManagerRig> {
    this.authority ??= await newRoot();
    const netns = `be${this.tag}${number}`;
    await this.namespace(netns);
    const address = `10.217.0.${number}`;
    await runOk(["ip", "-n", this.hub, "link", "add", `v${number}`, "type", "veth", "peer", "eth0", "netns", netns]);
    await runOk(["ip", "-n", this.hub, "link", "set", `v${number}`, "master", "br0", "up"]);
    await runOk(["ip", "-n", netns, "address", "add", `${address}/24`, "dev", "eth0"]);
    await runOk(["ip", "-n", netns, "link", "set", "eth0", "up"]);
    const { key, request } = await newRequest();
    const cert = await issueEtcd(this.authority, request, "cluster", [address, peerName]);
    const trust = this.authority.cert;
    const who = { nodeId: `node${number}`, clusterId: "cluster", address, cert, key, trust, storeKey };
    const place = { dataRoot: `${this.root}/${number}`, execRoot: `${this.root}/run${number}` };
    const { quota, disk } = this.limits;
    const backings = new EtcdBackings({ ...place, program: this.program(netns), ...(quota && { quota }) }, silent);
    const dataDir = `${place.dataRoot}/cluster/etcd`;
    if (disk?.number === number) await this.smallDisk(`${place.dataRoot}/cluster`, disk.megabytes);
    const [first] = this.all;
    const backing = first
      ? await backings.join(who, await first.backing.admit({ nodeId: who.nodeId, address }))
      : await backings.found(who);
    this.undo.defer(() => backings.remove());
    const manager = { name: who.nodeId, netns, who, backings, backing, dataDir };
    this.undo.defer(() => manager.backing.close());
    this.all.push(manager);
    return manager;
  }

  /** The process of a manager's member. */
  pid({ dataDir }: ManagerRig): number {
    const file = dataDir.replace(/\/(\d+)\/cluster\/etcd$/, "/run$1/etcd/etcd.json");
    return Number(JSON.parse(readFileSync(file, "utf8")).pid);
  }

  /** Whose member leads among the members. */
  async raftLeader(): Promise<ManagerRig> {
    for (const end = Date.now() + 15_000; ; await Bun.sleep(50)) {
      for (const manager of this.all) {
        const { leader, member } = await statusOf(manager);
        if (leader === member) return manager;
      }
      if (Date.now() > end) throw new Error("no member leads");
    }
  }

  /** Nothing comes to this machine or leaves it, until what is returned is called. */
  async cut({ netns }: ManagerRig): Promise<() => Promise<unknown>> {
    const chain = (hook: string) => `add chain inet cut ${hook} { type filter hook ${hook} priority 0; policy drop; }`;
    const rules = ["add table inet cut", chain("input"), chain("output")].join("; ");
    await runOk(["ip", "netns", "exec", netns, "nft", rules]);
    return () => runOk(["ip", "netns", "exec", netns, "nft", "delete table inet cut"]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.undo.disposeAsync();
  }

  private get hub(): string {
    return `be${this.tag}0`;
  }

  private async namespace(name: string): Promise<void> {
    await runOk(["ip", "netns", "add", name]);
    this.undo.defer(async () => void (await runOk(["ip", "netns", "del", name])));
    await runOk(["ip", "-n", name, "link", "set", "lo", "up"]);
  }

  private async smallDisk(dir: string, megabytes: number): Promise<void> {
    mkdirSync(dir, { recursive: true });
    await runOk(["mount", "-t", "tmpfs", "-o", `size=${megabytes}m`, "tmpfs", dir]);
    this.undo.defer(async () => {
      // The threads of a process that was killed let go of its files one by one.
      for (let tries = 0; tries < 100 && (await run(["umount", dir])).exitCode !== 0; tries++) await Bun.sleep(50);
    });
  }

  private program(netns: string): string {
    mkdirSync(`${this.root}/bin`, { recursive: true });
    const path = `${this.root}/bin/etcd-${netns}`;
    const enter = `exec nsenter --net=/run/netns/${netns} /usr/bin/etcd "$@"`;
    writeFileSync(path, `#!/bin/sh\nexport PATH=/usr/sbin:/usr/bin:/sbin:/bin; ${enter}\n`);
    chmodSync(path, 0o700);
    return path;
  }
}

async function statusOf({ dataDir }: ManagerRig): Promise<{ leader: string; member: string }> {
  const unix = dataDir.replace(/\/(\d+)\/cluster\/etcd$/, "/run$1/etcd/client:1");
  try {
    const options = { method: "POST", body: "{}", unix, signal: AbortSignal.timeout(2000) };
    const text = await (await fetch("http://etcd/v3/maintenance/status", options)).text();
    const idAfter = (name: string) => new RegExp(`"${name}":"(\\d+)"`).exec(text)?.[1];
    return { leader: idAfter("leader") ?? "none", member: idAfter("member_id") ?? "" };
  } catch {
    return { leader: "none", member: "" };
  }
}

/** Waits for a condition. */
export async function until(holds: () => boolean, patience = 30_000): Promise<void> {
  for (const end = Date.now() + patience; !holds(); await Bun.sleep(20))
    if (Date.now() > end) throw new Error(`never: ${holds}`);
}

/** Writes one after another until it is stopped; what was acknowledged, what failed, and the longest wait for one. */
export function writing(store: ClusterStore, prefix: string) {
  const acknowledged: string[] = [];
  const failed: string[] = [];
  let longest = 0;
  let going = true;
  const done = (async () => {
    for (let i = 0; going; i++) {
      const id = `${prefix}${i}`;
      const from = performance.now();
      try {
        // `at: 0`: done twice it would fail.
        await store.commit([{ ...secret(id), at: 0 }]);
        acknowledged.push(id);
      } catch (error) {
        failed.push(`${id}: ${error}`);
      }
      longest = Math.max(longest, performance.now() - from);
    }
  })();
  const stop = async () => {
    going = false;
    await done;
    return { acknowledged, failed, longest };
  };
  return { acknowledged, failed, stop };
}
