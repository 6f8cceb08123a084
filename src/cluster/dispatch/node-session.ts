import { EngineError, errorMessage, isNotFound, unavailable } from "../../lib/errors.ts";
import type { Client } from "../../lib/grpc/client.ts";
import type { ClientCall } from "../../lib/grpc/client-call.ts";
import type { Logger } from "../../lib/log.ts";
import { pause } from "../../lib/pause.ts";
import { encodeJson, jsonMessages } from "./json-calls.ts";
import { type Hello, type ManagerMessage, managerMessage, paths, type Question, type TaskWord } from "./messages.ts";
import { beat, silence } from "./session.ts";
import { type Credentials, dialManager } from "./transport.ts";

/** What a node's session needs of the node. */
export interface NodeSessionDeps {
  log: Logger;
  credentials(): Credentials;
  /** Where managers are, those to ask first in front. */
  managers(): readonly string[];
  hello(): Promise<Hello>;
  /** Everything that there is to say of tasks: said to each manager that is new. */
  told(): TaskWord[];
  /** `all`: these items are all that there is. */
  take(message: ManagerMessage, all: boolean): void;
  /** What is sent in answer. */
  answer(question: Question, signal: AbortSignal): AsyncIterable<Uint8Array>;
  /** The cluster does not know this node any more. */
  removed(): void;
}

const words = 20;
const firstPause = 100;
const longestPause = 2000;

/** A node's stream to some manager: to one after the other until one has it, and to another when that is gone. */
export class NodeSession {
  readonly #closed = new AbortController();
  #waiting = new Map<string, TaskWord>();
  #timer: Timer | null = null;
  #call: ClientCall | null = null;
  /** Of the manager that has the session; empty: none has. */
  manager = "";
  /** Why there is none; empty: there is, or none was looked for yet. */
  trouble = "";
  readonly ended: Promise<void>;

  constructor(private readonly deps: NodeSessionDeps) {
    this.ended = this.#keep();
  }

  /** Says something of a task, together with what else is to be said at the moment. */
  tell(word: TaskWord): void {
    this.#waiting.set(word.id, word);
    this.#timer ??= setTimeout(() => this.#flush(), words);
  }

  /** Begins anew, with other credentials or a manager that has come nearer. */
  renew(): void {
    this.#call?.cancel();
  }

  close(): void {
    this.#closed.abort();
    if (this.#timer) clearTimeout(this.#timer);
    this.#call?.cancel();
  }

  async #keep(): Promise<void> {
    let wait = firstPause;
    while (!this.#closed.signal.aborted) {
      for (const address of this.deps.managers()) {
        if (this.#closed.signal.aborted) return;
        try {
          await this.#session(address, () => (wait = firstPause));
          this.trouble = "";
        } catch (error) {
          this.trouble = errorMessage(error);
          this.deps.log.debug("a session with a manager has ended", { manager: address, error: this.trouble });
          if (isNotFound(error)) this.deps.removed();
        }
        this.manager = "";
        this.#call = null;
      }
      await pause(wait * (0.5 + Math.random()), this.#closed.signal);
      wait = Math.min(wait * 2, longestPause);
    }
  }

  async #session(address: string, begun: () => void): Promise<void> {
    const hello = await this.deps.hello();
    const client = await dialManager(address, { manager: this.deps.credentials() });
    const { signal } = this.#closed;
    // It may have been closed while the connection came about.
    if (signal.aborted) return client.close();
    const close = () => client.close();
    signal.addEventListener("abort", close);
    const left = new AbortController();
    let heard = performance.now();
    const timer = setInterval(() => {
      if (performance.now() - heard > silence) client.close();
      else void this.#call?.send(encodeJson({})).catch(() => {});
    }, beat);
    try {
      const call = client.stream(paths.session);
      this.#call = call;
      await call.send(encodeJson({ hello }));
      let all = true;
      for await (const message of jsonMessages(call, managerMessage)) {
        heard = performance.now();
        if (all) {
          if (!message.items) throw unavailable("the manager has not said what the node is to have");
          this.manager = address;
          this.trouble = "";
          begun();
        }
        this.deps.take(message, all && message.items !== undefined);
        if (all) this.#sayAll(call);
        all = false;
        if (message.question) void this.#answer(client, message.question, left.signal);
      }
    } finally {
      clearInterval(timer);
      signal.removeEventListener("abort", close);
      left.abort();
      client.close();
    }
  }

  #sayAll(call: ClientCall): void {
    const tasks = this.deps.told();
    if (tasks.length > 0) void call.send(encodeJson({ tasks })).catch(() => {});
  }

  #flush(): void {
    this.#timer = null;
    const tasks = [...this.#waiting.values()];
    this.#waiting = new Map();
    // Without a session it is said when there is one.
    if (this.manager) void this.#call?.send(encodeJson({ tasks })).catch(() => {});
  }

  async #answer(client: Client, question: Question, signal: AbortSignal): Promise<void> {
    const over = new AbortController();
    const call = client.stream(paths.answer, { metadata: { question: question.id }, signal });
    signal.addEventListener("abort", () => over.abort(), { once: true });
    // Nothing comes but the end: whoever asked has gone.
    void drain(call).finally(() => over.abort());
    try {
      for await (const bytes of this.deps.answer(question, over.signal)) await call.send(bytes);
      call.end();
    } catch (error) {
      if (!over.signal.aborted && !(error instanceof EngineError && error.kind === "cancelled")) {
        this.deps.log.debug("cannot answer a manager", { about: question.about, error: errorMessage(error) });
      }
      call.cancel();
    }
  }
}

async function drain(call: ClientCall): Promise<void> {
  try {
    for await (const _ of call.messages) {
      // Nothing is expected.
    }
  } catch {
    // Its end is what matters.
  }
}
