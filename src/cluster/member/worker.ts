import type { PeerNode, SwarmSpec } from "../../api/types/swarm.ts";
import { Agent, type AssignedTask, type Assignments } from "../agent/agent.ts";
import type { AgentDeps } from "../agent/deps.ts";
import { taskLogs } from "../agent/task-logs.ts";
import { tlsInfo } from "../ca/root.ts";
import type { Hello, Item, ManagerMessage, Question, Surroundings, TaskWord } from "../dispatch/messages.ts";
import { NodeSession } from "../dispatch/node-session.ts";
import type { Overlay } from "../dispatch/overlays.ts";
import type { ConfigObject, NetworkObject, SecretObject } from "../model/objects.ts";
import type { SwarmDeps } from "./deps.ts";
import { hostOf, type Place } from "./saved.ts";

/** What a node's part as a worker tells the rest of it. */
export interface WorkerEvents {
  /** Something around it is another now. */
  surroundings(now: Surroundings): void;
  /** The cluster does not know the node any more. */
  removed(): void;
}

/** A node's part as a worker, which managers have too: it runs tasks, and has a session with some manager. */
export class Worker {
  readonly agent: Agent;
  readonly session: NodeSession;
  readonly #items = new Items();
  #spec: SwarmSpec = {};

  constructor(
    private readonly deps: SwarmDeps,
    private readonly place: () => Place,
    managers: () => PeerNode[],
    /** `host:port` of this node as a manager; empty: it is none. */
    private readonly managerAddr: () => string,
    private readonly events: WorkerEvents,
  ) {
    this.agent = new Agent(
      agentDeps(
        deps,
        place().nodeId,
        () => this.#spec.TaskDefaults?.LogDriver,
        () => dataPathOf(place()),
      ),
      (id, told) => this.session?.tell({ id, ...told }),
    );
    this.session = new NodeSession({
      log: deps.log,
      credentials: place,
      managers: () => managers().map(({ Addr = "" }) => Addr),
      hello: () => this.#hello(),
      told: () => [...this.agent.told].map(([id, told]): TaskWord => ({ id, ...told })),
      take: (message, all) => this.#take(message, all),
      answer: (question, signal) => this.#answer(question, signal),
      removed: () => events.removed(),
    });
  }

  /** Lets go; tasks run on. */
  close(): void {
    this.session.close();
    this.agent.close();
  }

  async #hello(): Promise<Hello> {
    const { cert, trust, advertiseAddr } = this.place();
    const host = hostOf(advertiseAddr);
    return {
      description: { ...this.deps.describe(), TLSInfo: await tlsInfo(trust, cert) },
      addr: host,
      dataPathAddr: dataPathOf(this.place()),
      managerAddr: this.managerAddr(),
    };
  }

  #take({ items, surroundings }: ManagerMessage, all: boolean): void {
    if (surroundings) {
      this.#spec = surroundings.spec;
      this.events.surroundings(surroundings);
    }
    if (items) this.agent.assign(this.#items.take(items, all));
  }

  async *#answer({ task, options }: Question, signal: AbortSignal): AsyncGenerator<Uint8Array> {
    const assigned = this.#items.assignments.tasks.get(task);
    if (assigned) yield* taskLogs(this.deps.containers, assigned.task, options, signal);
  }
}

/** The address that the data of overlay networks comes from and goes to. */
const dataPathOf = ({ dataPathAddr, advertiseAddr }: Place): string => dataPathAddr || hostOf(advertiseAddr);

function agentDeps(
  deps: SwarmDeps,
  ID: string,
  defaultLogDriver: AgentDeps["defaultLogDriver"],
  dataPathAddr: AgentDeps["dataPathAddr"],
): AgentDeps {
  const { containers, remote, networks } = deps;
  const { Hostname = "", Platform = {} } = deps.describe();
  const { OS = "linux", Architecture = "" } = Platform;
  const node = { ID, Hostname, Platform: { OS, Architecture } };
  return { containers, remote, networks, node, defaultLogDriver, dataPathAddr };
}

/** Removes the tasks of a node that is none any more. */
export async function removeTasks(deps: SwarmDeps): Promise<void> {
  const agent = new Agent(
    agentDeps(
      deps,
      "",
      () => undefined,
      () => "",
    ),
    () => {},
  );
  await agent.removeAll();
}

/** What the node is to have, kept up to date by what managers send. */
class Items {
  #tasks = new Map<string, AssignedTask>();
  #secrets = new Map<string, SecretObject>();
  #configs = new Map<string, ConfigObject>();
  #networks = new Map<string, NetworkObject>();
  #overlays = new Map<string, Overlay>();

  get assignments(): Assignments {
    return {
      tasks: this.#tasks,
      secrets: this.#secrets,
      configs: this.#configs,
      networks: this.#networks,
      overlays: this.#overlays,
    };
  }

  take(items: readonly Item[], all: boolean): Assignments {
    const maps = [this.#tasks, this.#secrets, this.#configs, this.#networks, this.#overlays];
    if (all) for (const map of maps) map.clear();
    for (const item of items) this.#put(item);
    return this.assignments;
  }

  #put(item: Item): void {
    switch (item.kind) {
      case "task":
        return set(this.#tasks, item.id, item.object);
      case "secret":
        return set(this.#secrets, item.id, item.object);
      case "config":
        return set(this.#configs, item.id, item.object);
      case "network":
        return set(this.#networks, item.id, item.object);
      case "overlay":
        return set(this.#overlays, item.id, item.object);
    }
  }
}

function set<T>(map: Map<string, T>, id: string, value: T | null): void {
  if (value === null) map.delete(id);
  else map.set(id, value);
}
