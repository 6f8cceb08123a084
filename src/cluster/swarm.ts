import type { SwarmInitRequest, SwarmJoinRequest } from "../api/schema/swarm.ts";
import type { SwarmInfo, SwarmSpec } from "../api/types/swarm.ts";
import { conflict, errorMessage, unavailable } from "../lib/errors.ts";
import { KeyedLock } from "../lib/lock.ts";
import type { ManagerDeps } from "./deps.ts";
import type { SwarmDeps } from "./member/deps.ts";
import { foundCluster } from "./member/founding.ts";
import { inactive, lockedInfo, memberInfo } from "./member/info.ts";
import { joinCluster } from "./member/joining.ts";
import { backingRequest, Member } from "./member/member.ts";
import { type Place, readPlace, removePlace, unlockPlace } from "./member/saved.ts";
import { type Rotation, updateCluster } from "./member/update.ts";
import { removeTasks } from "./member/worker.ts";
import {
  leavingManager,
  lockedLeave,
  lockedText,
  notASwarmManager,
  notPartOfASwarm,
  onlyAWorker,
  partOfASwarm,
} from "./not-here.ts";

/** This engine as a part of a cluster, or of none: what the API's calls and the daemon's life ask of it. */
export class Swarm {
  #member: Member | null = null;
  /** A manager whose key is yet to be brought. */
  #locked: Place | null = null;
  readonly #locks = new KeyedLock();

  constructor(private readonly deps: SwarmDeps) {}

  /** Takes up the place that this machine had; what a crash left half done is undone. Throws nothing. */
  async restore(): Promise<void> {
    using _ = await this.#locks.acquire("");
    const kept = readPlace(this.deps.dataRoot);
    if (!kept) return;
    const { place, locked } = kept;
    try {
      if (place.phase !== "member") return await this.#forget(null);
      if (locked) this.#locked = place;
      else await this.#resume(place);
    } catch (error) {
      this.deps.log.error("cannot take up the place in the swarm", { error: errorMessage(error) });
    }
  }

  /** Lets go: tasks run on, and the next daemon takes them up. */
  async close(): Promise<void> {
    using _ = await this.#locks.acquire("");
    await this.#member?.close();
    this.#member = null;
  }

  /** Makes a cluster with this engine as its first manager. Returns the node's id. A failure leaves nothing. */
  async init(request: SwarmInitRequest): Promise<string> {
    using _ = await this.#locks.acquire("");
    if (this.#member || this.#locked) throw partOfASwarm();
    this.#member = await foundCluster(this.deps, request);
    return this.#member.place.nodeId;
  }

  /** Makes this engine a node of a cluster. A failure leaves nothing. */
  async join(request: SwarmJoinRequest): Promise<void> {
    using _ = await this.#locks.acquire("");
    if (this.#member || this.#locked) throw partOfASwarm();
    this.#member = await joinCluster(this.deps, request);
  }

  /** Takes this engine out of its cluster, with its tasks. A manager only goes with `force`. */
  async leave(force: boolean): Promise<void> {
    using _ = await this.#locks.acquire("");
    if (this.#locked && !force) throw lockedLeave();
    if (!this.#member && !this.#locked) throw notPartOfASwarm();
    if (this.#member?.manager && !force) {
      const managers = [...this.#member.manager.deps.store.state.all("node")].filter(
        ({ Spec }) => Spec.Role === "manager",
      );
      throw leavingManager(managers.length < 2);
    }
    await this.#forget(this.#member);
  }

  /** Gives a locked manager its key. Throws `conflict` where nothing is locked, `unauthorized` on a wrong key. */
  async unlock(key: string): Promise<void> {
    using _ = await this.#locks.acquire("");
    if (!this.#locked) {
      if (!this.#member) throw notASwarmManager();
      throw conflict("swarm is not locked");
    }
    await this.#resume(unlockPlace(this.deps.dataRoot, key));
    this.#locked = null;
  }

  /** Empty: managers are not locked. */
  async unlockKey(): Promise<string> {
    const [keys] = this.manager().store.state.all("cluster-keys");
    return keys?.UnlockKey ?? "";
  }

  /** Changes the cluster's settings. Throws `conflict` where they are not of this version any more. */
  async update(version: number, spec: SwarmSpec, rotation: Rotation): Promise<void> {
    await updateCluster(this.manager(), version, spec, rotation);
  }

  /** `Swarm` of `GET /info`. */
  info(): SwarmInfo {
    if (this.#locked) return lockedInfo(this.#locked, lockedText);
    return this.#member ? memberInfo(this.#member) : inactive;
  }

  /** The header `Swarm` of `/_ping`. */
  pingState(): string {
    if (this.#locked) return "locked";
    if (!this.#member) return "inactive";
    if (this.#member.removed) return "error";
    return `active/${this.#member.manager ? "manager" : "worker"}`;
  }

  /** What the verbs of managers work upon. Throws `unavailable` where this engine is none. */
  manager(): ManagerDeps {
    if (this.#locked) throw unavailable(lockedText);
    if (!this.#member) throw notASwarmManager();
    if (!this.#member.manager) throw onlyAWorker();
    return this.#member.manager.deps;
  }

  async #resume(place: Place): Promise<void> {
    const backing = place.peerCert ? await this.deps.backings.open(backingRequest(place)) : null;
    this.#member = await Member.start(this.deps, place, backing);
  }

  /** From the tasks to the last file: nothing of the cluster stays. */
  async #forget(member: Member | null): Promise<void> {
    if (member) await member.leave();
    else await removeTasks(this.deps);
    this.#member = null;
    this.#locked = null;
    await this.deps.backings.remove();
    removePlace(this.deps.dataRoot);
  }
}
