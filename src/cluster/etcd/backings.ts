import { join } from "node:path";
import { errorMessage, internal } from "../../lib/errors.ts";
import type { Logger } from "../../lib/log.ts";
import type { Backing, BackingRequest, Backings } from "../member/backing.ts";
import type { EtcdClient, EtcdMember } from "./client.ts";
import { campaign, type Lead } from "./election.ts";
import { EtcdLiveness } from "./liveness.ts";
import { Member, type MemberPaths, type MemberStart, peerUrl, removeMember } from "./member.ts";
import { EtcdStore } from "./store.ts";

/** Milliseconds that a member has to come up. */
const patience = 60_000;
/** Milliseconds that a new member is kept waiting. */
const admission = 15_000;
/** Milliseconds between two looks at what etcd needs. */
const tending = 2000;
/** Milliseconds between two looks at its room. */
const tidying = 10_000;
/** Bytes that a member's file may have where nothing else is said. */
const usualQuota = 2 * 1024 * 1024 * 1024;
/** Bytes of free room in its file from which on giving them back is worth the pause. */
const muchFree = 64 * 1024 * 1024;

/** Clusters kept in etcd, of which each manager runs a member. */
export class EtcdBackings implements Backings {
  private readonly paths: MemberPaths;

  /** `program`: etcd's own file; null: it is not installed. `quota`: bytes that a member's file may have. */
  constructor(
    place: { dataRoot: string; execRoot: string; program: string | null; quota?: number },
    private readonly log: Logger,
  ) {
    const { dataRoot, execRoot, program, quota = usualQuota } = place;
    this.paths = { program, quota, dataDir: join(dataRoot, "cluster", "etcd"), runDir: join(execRoot, "etcd") };
  }

  async found(request: BackingRequest): Promise<Backing> {
    const initialCluster = `${request.nodeId}=${peerUrl(request.address)}`;
    return await this.begin(request, { initialCluster, state: "new" }, true);
  }

  async open(request: BackingRequest): Promise<Backing> {
    const start = Member.known(this.paths);
    if (!start) throw internal("this manager's part of the cluster's memory is lost");
    return await this.begin(request, start, false);
  }

  async join(request: BackingRequest, told: string): Promise<Backing> {
    return await this.begin(request, { initialCluster: told, state: "existing" }, true);
  }

  remove(): Promise<void> {
    return removeMember(this.paths);
  }

  /** `decides`: only done when it takes writes; else it is enough that it knows what it knew. */
  private async begin(request: BackingRequest, start: MemberStart, decides: boolean): Promise<Backing> {
    const identity = { ...request, name: request.nodeId };
    const member = Member.open(this.paths, identity, start, this.log);
    try {
      if (decides) await member.ready(patience);
      else await member.answers(patience);
      const store = await EtcdStore.open(member.client, { nodeId: request.nodeId, key: keyOf(request) }, this.log);
      return new EtcdBacking(member, store, request.nodeId, this.log);
    } catch (error) {
      member.release();
      throw error;
    }
  }
}

const keyOf = ({ storeKey }: BackingRequest): Buffer | null => (storeKey ? Buffer.from(storeKey, "base64") : null);

class EtcdBacking implements Backing {
  private readonly client: EtcdClient;
  private readonly timers: Timer[];
  private standing: AsyncDisposable | null = null;
  readonly liveness: EtcdLiveness;

  constructor(
    private readonly member: Member,
    readonly store: EtcdStore,
    private readonly nodeId: string,
    private readonly log: Logger,
  ) {
    this.client = member.client;
    this.liveness = new EtcdLiveness(member.client, store, nodeId, log);
    this.timers = [
      setInterval(() => void this.promoteLearners(), tending),
      setInterval(() => void this.tidy(), tidying),
    ];
  }

  leader(): string {
    return this.store.leader;
  }

  campaign(lead: Lead): Disposable {
    const standing = campaign(this.client, this.store, { nodeId: this.nodeId, log: this.log }, lead);
    this.standing = standing;
    return { [Symbol.dispose]: () => void standing[Symbol.asyncDispose]() };
  }

  /** Whoever is let in learns first, and has a vote when it knows what the others do. */
  async admit({ nodeId, address }: { nodeId: string; address: string }): Promise<string> {
    await this.dismissWhere(({ name, peerURLs }) => name === nodeId || peerURLs.includes(peerUrl(address)));
    const { id, members } = await this.addLearner(peerUrl(address));
    void this.promoteSoon(id);
    return members.map(({ ID, name, peerURLs }) => `${ID === id ? nodeId : name}=${peerURLs[0] ?? ""}`).join(",");
  }

  async dismiss(nodeId: string): Promise<void> {
    if (nodeId === this.nodeId) await this.giveBack();
    await this.dismissWhere(({ name }) => name === nodeId);
  }

  async reconcile(managers: ReadonlySet<string>): Promise<void> {
    await this.dismissWhere(({ name, isLearner }) => name !== "" && !isLearner && !managers.has(name));
  }

  async close(): Promise<void> {
    for (const timer of this.timers) clearInterval(timer);
    await this.standing?.[Symbol.asyncDispose]();
    await this.liveness.close();
    await this.store.close();
    this.member.release();
  }

  /** What hangs on this member: nobody is to wait until it is missed. */
  private async giveBack(): Promise<void> {
    await this.standing?.[Symbol.asyncDispose]();
    await this.liveness.close();
    this.member.release();
    const { id, leader } = await this.client.status();
    const heir = (await this.client.members()).find(({ ID, isLearner }) => ID !== id && !isLearner);
    if (leader === id && heir) await this.client.handOver(heir.ID);
  }

  private async dismissWhere(goes: (member: EtcdMember) => boolean): Promise<void> {
    for (const each of await this.client.members()) {
      if (goes(each)) await this.change(() => this.client.removeMember(each.ID));
    }
  }

  private addLearner(url: string): ReturnType<EtcdClient["addLearner"]> {
    return this.change(() => this.client.addLearner(url));
  }

  /** etcd lets nobody in or out until it has been well for five seconds after the last change. */
  private async change<T>(work: () => Promise<T>): Promise<T> {
    for (const end = Date.now() + admission; ; ) {
      try {
        return await work();
      } catch (error) {
        if (Date.now() > end || !/unhealthy cluster|too many learner/.test(errorMessage(error))) throw error;
        await Bun.sleep(250);
      }
    }
  }

  private async promoteSoon(id: string): Promise<void> {
    for (let tries = 0; tries < 200; tries++) {
      await Bun.sleep(100);
      try {
        await this.client.promote(id);
        return;
      } catch {
        // It does not know all yet, or has not come up.
      }
    }
  }

  /** Those whom a manager has let in that did not live to give them their vote. */
  private async promoteLearners(): Promise<void> {
    try {
      const learners = (await this.client.members()).filter(({ isLearner }) => isLearner);
      for (const { ID } of learners) await this.client.promote(ID).catch(() => {});
    } catch {
      // etcd is away; the next look will tell.
    }
  }

  /** Gives back room that etcd does not need, and lets it write again where it had too little. */
  private async tidy(): Promise<void> {
    this.member.trimLog();
    try {
      const { revision, size, inUse } = await this.client.status();
      const full = await this.client.isFull();
      if (full) this.log.warn("the cluster's memory is full: what is of the past is deleted");
      if (full) await this.client.compact(revision).catch(() => {});
      if (full || size - inUse > muchFree) await this.client.defragment();
      if (full) await this.client.disarm();
    } catch (error) {
      this.log.debug("etcd could not be looked after", { error: errorMessage(error) });
    }
  }
}
