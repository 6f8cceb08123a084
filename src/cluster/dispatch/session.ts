import { conflict, notFound, unavailable } from "../../lib/errors.ts";
import type { ServerCall } from "../../lib/grpc/server-call.ts";
import { isToGoOver } from "../ca/rotate.ts";
import type { Change } from "../model/state.ts";
import { type Assigned, assignmentsOf, differences } from "./assignments.ts";
import type { DispatchDeps } from "./deps.ts";
import { encodeJson, jsonMessages } from "./json-calls.ts";
import { type Hello, type ManagerMessage, nodeMessage, type Question, type Surroundings } from "./messages.ts";
import type { Peer } from "./transport.ts";

/** A sign of life goes out each second; who is not heard of for {@link silence} is gone. In milliseconds. */
export const beat = 1000;
/** In milliseconds. */
export const silence = 3000;

/** What a session tells whoever keeps it. */
export interface SessionEvents {
  began(hello: Hello): void;
  tasks(words: NonNullable<ReturnType<typeof nodeMessage>["tasks"]>): void;
}

/** A node's stream, seen from the manager: it hands out what the node is to have, and hears what the node says. */
export class Session {
  #sent: Map<string, Assigned> = new Map();
  /** Tasks on the networks of the node's. */
  #neighbours: ReadonlySet<string> = new Set();
  #sentSurroundings = "";
  #wake = () => {};
  #due = true;
  #ended = false;
  #heard = performance.now();
  readonly #questions: Question[] = [];
  readonly #giveUp = Promise.withResolvers<never>();

  constructor(
    private readonly deps: DispatchDeps,
    readonly nodeId: string,
    private readonly role: Surroundings["role"],
    private readonly call: ServerCall,
  ) {
    this.#giveUp.promise.catch(() => {});
  }

  /** From the node's first word to its last. Throws as the stream ends. */
  async run(events: SessionEvents): Promise<void> {
    using _ = { [Symbol.dispose]: this.deps.store.onChange((changes) => this.#changed(changes)) };
    const timer = setInterval(() => this.#tick(), beat);
    try {
      await Promise.race([this.#listen(events), this.#send(), this.#giveUp.promise]);
    } finally {
      clearInterval(timer);
      this.#ended = true;
      this.#wake();
    }
  }

  /** Ends it: the node comes back, or is not to. */
  end(reason: Error): void {
    this.#giveUp.reject(reason);
  }

  ask(question: Question): void {
    this.#questions.push(question);
    this.#wake();
  }

  async #listen(events: SessionEvents): Promise<void> {
    let greeted = false;
    for await (const { hello, tasks } of jsonMessages(this.call, nodeMessage)) {
      this.#heard = performance.now();
      if (hello && !greeted) {
        greeted = true;
        events.began(hello);
      }
      if (!greeted) throw conflict("a session begins with what the node is");
      if (tasks) events.tasks(tasks);
    }
  }

  /** Sends what has changed for the node, as often as there is something and it has room. */
  async #send(): Promise<void> {
    while (!this.#ended) {
      const message = this.#next();
      if (message) await this.call.send(encodeJson(message));
      else await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  #next(): ManagerMessage | null {
    const question = this.#questions.shift();
    if (question) return { question };
    if (!this.#due) return null;
    this.#due = false;
    const { state } = this.deps.store;
    const first = this.#sentSurroundings === "";
    const now = assignmentsOf(state, this.nodeId);
    const items = differences(this.#sent, now);
    this.#sent = now;
    this.#neighbours = new Set(
      [...now.values()].flatMap(({ item }) =>
        item.kind === "overlay" ? (item.object?.members ?? []).map(({ task }) => task) : [],
      ),
    );
    const surroundings = this.#surroundings();
    const news = JSON.stringify(surroundings) !== this.#sentSurroundings;
    this.#sentSurroundings = JSON.stringify(surroundings);
    return { ...((first || items.length > 0) && { items }), ...(news && { surroundings }) };
  }

  #surroundings(): Surroundings {
    const { state } = this.deps.store;
    const [cluster] = state.all("cluster");
    const node = state.get("node", this.nodeId);
    const role = node?.Spec.Role ?? this.role;
    return {
      role,
      trust: cluster?.TLSInfo.TrustRoot ?? this.deps.credentials().trust,
      managers: this.deps.managers(),
      renew: role !== this.role || isToGoOver(state, this.nodeId),
      spec: cluster?.Spec ?? {},
    };
  }

  #changed(changes: readonly Change[]): void {
    const { state } = this.deps.store;
    if (!state.get("node", this.nodeId)) return this.end(notFound(`node ${this.nodeId} not found`));
    if (!changes.some((change) => this.#concerns(change))) return;
    this.#due = true;
    this.#wake();
  }

  #concerns({ kind, id, object }: Change): boolean {
    switch (kind) {
      case "task":
        return (
          object?.NodeID === this.nodeId ||
          this.#sent.has(`task/${id}`) ||
          this.#neighbours.has(id) ||
          (object?.Networks ?? []).some(({ NetworkID }) => this.#sent.has(`overlay/${NetworkID}`))
        );
      case "task-report":
        // What has ended needs its secrets no more.
        return this.#sent.has(`task/${id}`) || this.#neighbours.has(id);
      case "secret":
      case "config":
      case "network":
        return this.#sent.has(`${kind}/${id}`);
      // Ports that are published concern every node, and so does where each node is.
      case "service":
      case "cluster":
      case "node":
      case "node-report":
        return true;
      default:
        return false;
    }
  }

  #tick(): void {
    if (performance.now() - this.#heard > silence) return this.end(unavailable("heartbeat failure"));
    void this.call.send(encodeJson({})).catch(() => {});
  }
}

/** Where a node is: what it says, else where it calls from. */
export const addressOf = ({ addr }: Hello, peer: Peer): string => addr || peer.address;
