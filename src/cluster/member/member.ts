import type { PeerNode } from "../../api/types/swarm.ts";
import { errorMessage, unavailable } from "../../lib/errors.ts";
import { KeyedLock } from "../../lib/lock.ts";
import { pause } from "../../lib/pause.ts";
import { identityOf, type Role } from "../ca/identity.ts";
import { askAdmission, renewCertificate } from "../dispatch/enter.ts";
import type { Surroundings } from "../dispatch/messages.ts";
import type { Backing, BackingRequest } from "./backing.ts";
import type { SwarmDeps } from "./deps.ts";
import { Manager } from "./manager.ts";
import { hostOf, type Place, writePlace } from "./saved.ts";
import { Worker } from "./worker.ts";

/** How often a certificate's age is looked at. In milliseconds. */
const checkEvery = 60_000;

/** This engine as a node, running: always a worker, and a manager where its certificate says so. */
export class Member {
  manager: Manager | null = null;
  readonly worker: Worker;
  /** The cluster has struck it off. */
  removed = false;
  readonly #locks = new KeyedLock();
  readonly #closed = new AbortController();
  #wanted: Surroundings | null = null;

  private constructor(
    private readonly deps: SwarmDeps,
    public place: Place,
  ) {
    this.worker = new Worker(
      deps,
      () => this.place,
      () => this.managers,
      () => (this.place.peerCert ? this.place.advertiseAddr : ""),
      {
        surroundings: (now) => this.#follow(now),
        removed: () => this.#struckOff(),
      },
    );
    void this.#keepFresh();
  }

  /** Runs the node; `backing`: where a manager has its cluster from. */
  static async start(deps: SwarmDeps, place: Place, backing: Backing | null): Promise<Member> {
    const member = new Member(deps, place);
    try {
      if (backing) await member.#manage(backing);
    } catch (error) {
      await member.close();
      throw error;
    }
    return member;
  }

  get role(): Role {
    return identityOf(this.place.cert).role;
  }

  /** Where managers are: itself first, where it is one. */
  get managers(): PeerNode[] {
    return this.manager?.managers ?? this.place.managers;
  }

  /** Changes what is kept of the node's place, on disk first. */
  keep(change: Partial<Place>): void {
    const place = { ...this.place, ...change };
    writePlace(this.deps.dataRoot, place, this.manager?.unlockKey ?? "");
    this.place = place;
  }

  /** Lets go; tasks run on. */
  async close(): Promise<void> {
    this.#closed.abort();
    this.worker.close();
    using _ = await this.#locks.acquire("");
    await this.manager?.close();
    this.manager = null;
  }

  /** Takes its tasks and its part of the cluster's memory away; the cluster knows it as gone. */
  async leave(): Promise<void> {
    this.#closed.abort();
    this.worker.session.close();
    await this.worker.agent.removeAll();
    using _ = await this.#locks.acquire("");
    const others = this.manager?.managers.some(({ NodeID }) => NodeID !== this.place.nodeId);
    if (this.manager && others) {
      await this.manager.resign();
      await this.manager.withdraw();
    }
    await this.manager?.close();
    this.manager = null;
  }

  async #manage(backing: Backing): Promise<void> {
    this.manager = await Manager.open(this.deps, () => this.place, backing);
    backing.store.onChange((changes) => {
      // The next start needs the key that is good then.
      if (changes.some(({ kind }) => kind === "cluster-keys")) this.keep({});
    });
    this.worker.session.renew();
  }

  #follow(now: Surroundings): void {
    this.#wanted = now;
    void this.#settle();
  }

  /** Brings what the node is to what it is to be: known managers and roots, its certificate, its role. */
  async #settle(): Promise<void> {
    using _ = await this.#locks.acquire("");
    const now = this.#wanted;
    if (!now || this.#closed.signal.aborted) return;
    this.#wanted = null;
    try {
      const { managers, trust } = now;
      const news = JSON.stringify([managers, trust]) !== JSON.stringify([this.place.managers, this.place.trust]);
      if (news) this.keep({ managers, trust });
      if (news) this.manager?.renew();
      if (now.renew || now.role !== this.role) await this.#renew();
      await this.#act();
    } catch (error) {
      this.deps.log.warn("cannot become what the cluster wants of this node", { error: errorMessage(error) });
      if (!(await pause(2000, this.#closed.signal))) return;
      this.#wanted ??= now;
      void this.#settle();
    }
  }

  /** Becomes a manager, or stops being one, as its certificate says. */
  async #act(): Promise<void> {
    if (this.role === "manager" && !this.manager) {
      const told = await this.#askAdmission();
      await this.#manage(await this.deps.backings.join(backingRequest(this.place), told));
    } else if (this.role === "worker" && this.manager) {
      await this.manager.withdraw();
      await this.manager.close();
      this.manager = null;
      await this.deps.backings.remove();
      this.keep({ peerCert: "", peerKey: "", storeKey: "" });
      this.worker.session.renew();
    }
  }

  /** Returns what its part of the cluster's memory is to know. */
  async #askAdmission(): Promise<string> {
    const host = hostOf(this.place.advertiseAddr);
    const { told, ...keys } = await this.#ofSomeManager((address) => askAdmission(address, this.place, host));
    this.keep(keys);
    return told;
  }

  /** Asks one manager after the other, until one answers. */
  async #ofSomeManager<T>(ask: (address: string) => Promise<T>): Promise<T> {
    let failure: unknown = unavailable("no manager is known");
    for (const { Addr = "" } of this.managers) {
      try {
        return await ask(Addr);
      } catch (error) {
        failure = error;
      }
    }
    throw failure;
  }

  async #renew(): Promise<void> {
    const { cert, key, trust, managers } = await this.#ofSomeManager((each) => renewCertificate(each, this.place));
    this.keep({ cert, key, trust, managers });
    this.manager?.renew();
    this.worker.session.renew();
  }

  /** A certificate is replaced when a third of its time is left. */
  async #keepFresh(): Promise<void> {
    while (await pause(checkEvery, this.#closed.signal)) {
      const { notBefore, notAfter } = identityOf(this.place.cert);
      if (Date.now() < notAfter - (notAfter - notBefore) / 3) continue;
      using _ = await this.#locks.acquire("");
      await this.#renew().catch((error: unknown) =>
        this.deps.log.warn("cannot renew the node's certificate", { error: errorMessage(error) }),
      );
    }
  }

  #struckOff(): void {
    if (!this.removed) this.deps.log.warn("this node was removed from its cluster");
    this.removed = true;
  }
}

/** What a manager's backing is to know, from the node's place. */
export function backingRequest(place: Place): BackingRequest {
  const { nodeId, clusterId, advertiseAddr, peerCert, peerKey, peerTrust, storeKey } = place;
  return {
    nodeId,
    clusterId,
    address: hostOf(advertiseAddr),
    cert: peerCert,
    key: peerKey,
    trust: peerTrust,
    storeKey,
  };
}
