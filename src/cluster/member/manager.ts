import type { PeerNode } from "../../api/types/swarm.ts";
import { errorMessage } from "../../lib/errors.ts";
import { pause } from "../../lib/pause.ts";
import { finishRotations } from "../ca/rotate.ts";
import type { ManagerDeps } from "../deps.ts";
import { Dispatcher } from "../dispatch/dispatcher.ts";
import { watchLostNodes } from "../dispatch/lost-nodes.ts";
import { nodeLogs } from "../dispatch/node-logs.ts";
import { type Listening, listenForNodes, splitAddress } from "../dispatch/transport.ts";
import { publishChanges } from "../events.ts";
import type { ClusterState } from "../model/state.ts";
import { Leader } from "../orchestrate/leader.ts";
import { commitOver } from "../store/guarded.ts";
import { draftOf } from "../version.ts";
import type { Backing } from "./backing.ts";
import type { SwarmDeps } from "./deps.ts";
import type { Place } from "./saved.ts";

/** A node's part as a manager: the cluster's state, the port for nodes, and the lead, when it has that. */
export class Manager {
  readonly deps: ManagerDeps;
  readonly dispatcher: Dispatcher;
  readonly #ends: (() => void | Promise<void>)[] = [];
  #listening: Listening | null = null;

  private constructor(
    swarm: SwarmDeps,
    private readonly place: () => Place,
    private readonly backing: Backing,
  ) {
    const { store } = backing;
    this.deps = {
      store,
      leader: () => backing.leader(),
      logs: (task, options, signal) =>
        nodeLogs(
          { dispatcher: this.dispatcher, credentials: place, others: () => this.managers.slice(1) },
          task,
          options,
          signal,
        ),
      events: swarm.events,
      log: swarm.log,
    };
    this.dispatcher = new Dispatcher({
      store,
      log: swarm.log,
      liveness: backing.liveness,
      nodeId: place().nodeId,
      clusterId: place().clusterId,
      credentials: place,
      managers: () => managersIn(store.state, place()),
      admit: async (other) => ({ told: await backing.admit(other), storeKey: place().storeKey }),
    });
  }

  /** Begins to serve nodes. `backing` is closed with it, or where this fails. */
  static async open(swarm: SwarmDeps, place: () => Place, backing: Backing): Promise<Manager> {
    const manager = new Manager(swarm, place, backing);
    manager.#ends.push(() => backing.close());
    try {
      manager.#listening = await listenForNodes(splitAddress(place().listenAddr), place, (peer, refusal) =>
        manager.dispatcher.methodsFor(peer, refusal),
      );
      manager.#ends.push(() => manager.#listening?.close());
      manager.#ends.push(() => manager.dispatcher.close());
      manager.#ends.push(publishChanges(manager.deps));
      const campaign = backing.campaign((signal, store) => lead({ ...manager.deps, store }, backing, signal));
      manager.#ends.push(() => campaign[Symbol.dispose]());
      return manager;
    } catch (error) {
      await manager.close();
      throw error;
    }
  }

  /** `UnlockKey` of the cluster; empty: managers are not locked. */
  get unlockKey(): string {
    const [keys] = this.deps.store.state.all("cluster-keys");
    return keys?.UnlockKey ?? "";
  }

  get managers(): PeerNode[] {
    return managersIn(this.deps.store.state, this.place());
  }

  /** Shows its present certificate to whoever comes. */
  renew(): void {
    this.#listening?.renew();
  }

  /** Is a manager no more, by its own will: the others go on without it. What cannot be said to them is left. */
  async resign(): Promise<void> {
    const { store, log } = this.deps;
    const { nodeId } = this.place();
    try {
      await commitOver(store, (state) => {
        const node = state.get("node", nodeId);
        if (!node) return [];
        const Spec = { ...node.Spec, Role: "worker" } as const;
        return [{ put: "node", object: { ...draftOf(node), Spec }, at: node.Version.Index }];
      });
    } catch (error) {
      log.warn("the other managers do not know that this one has left", { error: errorMessage(error) });
    }
  }

  /** Takes its part of the cluster's memory away; the leader does where that fails. */
  async withdraw(): Promise<void> {
    const { nodeId } = this.place();
    await this.backing
      .dismiss(nodeId)
      .catch((error: unknown) => this.deps.log.debug("cannot withdraw from etcd", { error: errorMessage(error) }));
  }

  /** Lets go of all of it; nodes find another manager. */
  async close(): Promise<void> {
    for (const end of this.#ends.splice(0).reverse()) {
      try {
        await end();
      } catch (error) {
        this.deps.log.warn("a part of the manager does not end well", { error: errorMessage(error) });
      }
    }
  }
}

/** Plans for the cluster as long as this manager leads it. */
async function lead({ store, log }: ManagerDeps, backing: Backing, signal: AbortSignal): Promise<void> {
  watchLostNodes({ store, log, liveness: backing.liveness }, signal);
  void reconcileManagers({ store, log }, backing, signal);
  void finishRotations(store, log, signal);
  const leader = new Leader(store, log);
  leader.start();
  await aborted(signal);
  await leader.stop();
}

/** In milliseconds: whoever is demoted withdraws by itself first. */
const reconcileEvery = 5000;

/** Who is a manager, the roles of nodes say: of others nothing stays in the cluster's memory. */
async function reconcileManagers(
  { store, log }: Pick<ManagerDeps, "store" | "log">,
  backing: Backing,
  signal: AbortSignal,
): Promise<void> {
  while (await pause(reconcileEvery, signal)) {
    const managers = [...store.state.all("node")].filter(({ Spec }) => Spec.Role === "manager");
    await backing
      .reconcile(new Set(managers.map(({ ID }) => ID)))
      .catch((error: unknown) => log.debug("cannot reconcile managers", { error: errorMessage(error) }));
  }
}

const aborted = (signal: AbortSignal) =>
  signal.aborted
    ? Promise.resolve()
    : new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));

/** Where managers serve nodes, this one first. */
function managersIn(state: ClusterState, { nodeId, advertiseAddr }: Place): PeerNode[] {
  const others = [...state.all("node")].flatMap(({ ID, Spec }) => {
    const Addr = state.get("node-report", ID)?.ManagerAddr;
    return Spec.Role === "manager" && ID !== nodeId && Addr ? [{ NodeID: ID, Addr }] : [];
  });
  return [{ NodeID: nodeId, Addr: advertiseAddr }, ...others];
}
