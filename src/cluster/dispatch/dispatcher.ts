import { errorMessage, forbidden, notFound, unauthorized, unavailable } from "../../lib/errors.ts";
import type { Method } from "../../lib/grpc/method.ts";
import type { ServerCall } from "../../lib/grpc/server-call.ts";
import type { Identity } from "../ca/identity.ts";
import { admit, join, renew } from "./admission.ts";
import type { DispatchDeps } from "./deps.ts";
import { engineError, jsonMessages, jsonMethod, jsonStream } from "./json-calls.ts";
import { admitRequest, joinRequest, paths, relayRequest, renewRequest } from "./messages.ts";
import { noteReady } from "./node-states.ts";
import { TaskReports } from "./reports.ts";
import { addressOf, Session } from "./session.ts";
import type { Peer } from "./transport.ts";

/** For a node to begin an answer. In milliseconds. */
const patience = 10_000;

/** What a node has been asked, until it has answered. */
interface Pending {
  nodeId: string;
  answered(call: ServerCall): Promise<void>;
}

/** A manager's side of its port for nodes: who may call what, and the sessions of the nodes that are there. */
export class Dispatcher {
  readonly #sessions = new Map<string, Session>();
  readonly #pending = new Map<string, Pending>();
  readonly #reports: TaskReports;

  constructor(private readonly deps: DispatchDeps) {
    this.#reports = new TaskReports(deps.store, deps.log);
  }

  /** Strangers may look at the root and hand in a token; nodes speak for themselves; managers ask for each other. */
  methodsFor(peer: Peer, refusal: string | null): readonly Method[] {
    const { identity } = peer;
    const open: Method[] = [
      jsonMethod(
        paths.root,
        (value) => value,
        () => ({ trust: this.deps.credentials().trust }),
      ),
      jsonMethod(paths.join, joinRequest, (request) => join(this.deps, request)),
    ];
    if (!identity || identity.clusterId !== this.deps.clusterId) {
      const why = refusal ?? (identity ? "the node's certificate is of another cluster" : "a certificate is needed");
      const refuse = (path: string) => jsonStream(path, () => Promise.reject(unauthorized(why)));
      return [...open, ...[paths.renew, paths.admit, paths.session, paths.answer, paths.relay].map(refuse)];
    }
    const node = [
      jsonMethod(paths.renew, renewRequest, ({ request }) => renew(this.deps, identity, request)),
      jsonMethod(paths.admit, admitRequest, (request) => admit(this.deps, identity, request)),
      jsonStream(paths.session, (call) => this.#session(call, identity, peer)),
      jsonStream(paths.answer, (call) => this.#answer(call, identity)),
    ];
    const relay = jsonStream(paths.relay, (call) => this.#relay(call, identity));
    return [...open, ...node, relay];
  }

  /** The nodes that are connected to this manager. */
  get nodes(): readonly string[] {
    return [...this.#sessions.keys()];
  }

  /**
   * What a task of a node writes, in frames of `stdcopy`, until it has nothing more to say or the signal ends it. Reads
   * only as fast as it is read. Throws `not-found` where the node is not connected to this manager.
   */
  async *askLogs(
    nodeId: string,
    task: string,
    options: Record<string, string>,
    signal: AbortSignal,
  ): AsyncGenerator<Uint8Array> {
    const session = this.#sessions.get(nodeId);
    if (!session) throw notFound(`node ${nodeId} is not connected to this manager`);
    const id = crypto.randomUUID();
    const { promise: arrived, resolve: arrive, reject } = Promise.withResolvers<ServerCall>();
    const { promise: over, resolve: finish } = Promise.withResolvers<void>();
    const enough = () => {
      finish();
      reject(signal.reason);
    };
    const timer = setTimeout(() => reject(unavailable(`node ${nodeId} does not answer`)), patience);
    signal.addEventListener("abort", enough);
    this.#pending.set(id, {
      nodeId,
      answered(call) {
        arrive(call);
        return over;
      },
    });
    try {
      session.ask({ id, about: "logs", task, options });
      const call = await arrived;
      clearTimeout(timer);
      for await (const bytes of call.messages) {
        signal.throwIfAborted();
        yield bytes;
      }
    } catch (error) {
      throw signal.aborted ? signal.reason : engineError(error);
    } finally {
      finish();
      clearTimeout(timer);
      this.#pending.delete(id);
      signal.removeEventListener("abort", enough);
    }
  }

  close(): void {
    this.#reports.close();
    for (const session of this.#sessions.values()) session.end(unavailable("the manager goes away"));
  }

  async #session(call: ServerCall, { nodeId, role }: Identity, peer: Peer): Promise<void> {
    if (!this.deps.store.state.get("node", nodeId)) throw notFound(`node ${nodeId} not found`);
    const session = new Session(this.deps, nodeId, role, call);
    this.#sessions.get(nodeId)?.end(unavailable("the node has another session"));
    this.#sessions.set(nodeId, session);
    try {
      await session.run({
        began: (hello) => {
          const noted = noteReady(this.deps, nodeId, hello, addressOf(hello, peer));
          Promise.all([noted, this.deps.liveness.hold(nodeId)]).catch((error: unknown) =>
            session.end(unavailable(errorMessage(error), error)),
          );
        },
        tasks: (words) => this.#reports.add(nodeId, words),
      });
    } finally {
      if (this.#sessions.get(nodeId) === session) {
        this.#sessions.delete(nodeId);
        // What cannot be taken back now goes with this manager's lease.
        await this.deps.liveness.release(nodeId).catch(() => {});
      }
    }
  }

  async #answer(call: ServerCall, { nodeId }: Identity): Promise<void> {
    const pending = this.#pending.get(call.metadata.get("question") ?? "");
    if (pending?.nodeId !== nodeId) throw notFound("nobody waits for this answer");
    await pending.answered(call);
  }

  async #relay(call: ServerCall, { role }: Identity): Promise<void> {
    if (role !== "manager") throw forbidden("only managers may ask this");
    for await (const asked of jsonMessages(call, relayRequest)) {
      for await (const bytes of this.askLogs(asked.nodeId, asked.task, asked.options, call.signal)) {
        await call.send(bytes);
      }
      return;
    }
  }
}
