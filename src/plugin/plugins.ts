import { EngineError, errorMessage, internal, notFound } from "../lib/errors.ts";
import type { Logger } from "../lib/log.ts";
import { isFields, listOf } from "./answer.ts";
import { NoAnswer, PluginClient } from "./client.ts";
import { discover, discoverable } from "./discover.ts";
import { type PluginEndpoint, unixEndpoint } from "./endpoint.ts";
import type { Plugin, PluginKind } from "./plugin.ts";
import { retryPauses } from "./retry.ts";

/** Milliseconds for a plugin to say what it is. Docker waits for ever. */
const activationLimit = 120_000;
/** Milliseconds for a look at all plugins there are: one that does not answer is left out. */
const lookLimit = 10_000;
/** Milliseconds in which a plugin that did not work is left alone by such looks. */
const restLimit = 30_000;

/**
 * How much patience there is with a plugin: `for its file`: one that has none yet is waited for, up to 15 seconds; `for
 * an answer`: one that cannot be reached is tried again as long; `not long`: neither, and 10 seconds must do.
 */
export type Wait = "for its file" | "for an answer" | "not long";

/** A plugin that somebody else runs and knows all about ({@link Plugins.register}). */
export interface RegisteredPlugin {
  name: string;
  implements: readonly string[];
  /** Its socket on this machine. */
  socket: string;
  /** As {@link Plugin.hostPath}. */
  hostPath(path: string): string;
}

/**
 * The plugins of this machine, by name: those that were registered, and those that have a file in one of the
 * directories, which are asked what they are when somebody needs them. What has answered once is kept for the daemon's
 * life.
 */
export class Plugins {
  readonly #registered = new Map<string, Plugin & Disposable>();
  readonly #asked = new Map<string, Promise<Plugin>>();
  readonly #failed = new Map<string, { error: unknown; until: number }>();
  readonly #active = new Map<string, Plugin>();

  /** `absent`: why a name is none that can be used now (a plugin that is disabled); null: nobody knows it. */
  constructor(
    readonly directories: readonly string[],
    readonly log: Logger,
    public absent: (name: string) => EngineError | null = () => null,
  ) {}

  /**
   * The plugin of that name, which must be of the kind. Throws `not-found` and `internal` with Docker's words, and a
   * {@link NoAnswer} where it does not answer.
   */
  async get(name: string, kind: PluginKind, wait: Wait = "for an answer"): Promise<Plugin> {
    const plugin = this.#registeredAs(name) ?? (await this.#activated(name, wait));
    if (!plugin.implements.includes(kind))
      throw internal(
        `${plugin.managed ? "" : "legacy plugin: "}Plugin does not implement the requested driver: ` +
          `plugin="${name}", requested implementation="${kind}"`,
      );
    return plugin;
  }

  /** The plugins of the kind that are known to be there. Asks nobody. */
  active(kind: PluginKind): Plugin[] {
    return [...this.#registered.values(), ...this.#active.values()].filter((plugin) =>
      plugin.implements.includes(kind),
    );
  }

  /** All plugins of the kind: those that nobody has asked yet are asked now. What is wrong with one is in the log. */
  async all(kind: PluginKind): Promise<Plugin[]> {
    const news = discoverable(this.directories).filter((name) => !this.#active.has(name));
    await Promise.all(
      news.map(async (name) => {
        try {
          await this.#activated(name, "not long");
        } catch (error) {
          this.log.warn("cannot use a plugin", { plugin: name, error: errorMessage(error) });
        }
      }),
    );
    return this.active(kind);
  }

  /** Takes up a plugin that runs; disposing of what is returned takes it away. Its name hides that of a file. */
  register({ socket, ...about }: RegisteredPlugin): Disposable {
    const { name } = about;
    const plugin = pluginOf(new PluginClient(unixEndpoint(socket), this.log), { ...about, managed: true });
    this.#registered.get(name)?.[Symbol.dispose]();
    this.#registered.set(name, plugin);
    return {
      [Symbol.dispose]: () => {
        if (this.#registered.get(name) === plugin) this.#registered.delete(name);
        plugin[Symbol.dispose]();
      },
    };
  }

  /** Registered plugins are named as images are: without a tag the latest is meant. */
  #registeredAs(name: string): Plugin | undefined {
    return this.#registered.get(name) ?? this.#registered.get(`${name}:latest`);
  }

  async #activated(name: string, wait: Wait): Promise<Plugin> {
    const refusal = this.absent(name);
    if (refusal) throw refusal;
    try {
      const active = this.#active.get(name);
      if (active) return active;
      const endpoint = await this.#locate(name, wait);
      const failed = this.#failed.get(name);
      if (wait === "not long" && failed && failed.until > performance.now()) throw failed.error;
      const asking = this.#asked.get(name) ?? this.#activate(name, endpoint, wait);
      this.#asked.set(name, asking);
      asking.finally(() => this.#asked.delete(name)).catch(() => {});
      return await (wait === "not long" ? within(lookLimit, asking, name) : asking);
    } catch (error) {
      if (error instanceof EngineError && error.kind === "not-found") throw error;
      this.#failed.set(name, { error, until: performance.now() + restLimit });
      const text = `legacy plugin: ${errorMessage(error).replace(/^legacy plugin: /, "")}`;
      throw error instanceof NoAnswer ? new NoAnswer("internal", text, { cause: error }) : internal(text, error);
    }
  }

  async #activate(name: string, endpoint: PluginEndpoint, wait: Wait): Promise<Plugin> {
    const client = new PluginClient(endpoint, this.log);
    const how = { limit: activationLimit, once: wait === "not long" };
    const answer = await client.call("Plugin.Activate", undefined, how);
    const kinds = isFields(answer) ? listOf(answer, "Implements").filter((kind) => typeof kind === "string") : [];
    const plugin = pluginOf(client, { name, implements: kinds, managed: false, hostPath: (path) => path });
    this.#active.set(name, plugin);
    return plugin;
  }

  async #locate(name: string, wait: Wait): Promise<PluginEndpoint> {
    const pauses = retryPauses();
    for (;;) {
      const endpoint = await discover(this.directories, name);
      if (endpoint) return endpoint;
      const tell = (seconds: number) => this.log.warn(`Unable to locate plugin: ${name}, retrying in ${seconds}s`);
      if (wait !== "for its file" || !(await pauses.next(tell))) throw notFound(`plugin "${name}" not found`);
    }
  }
}

function pluginOf(
  client: PluginClient,
  about: Pick<Plugin, "name" | "implements" | "managed" | "hostPath">,
): Plugin & Disposable {
  return {
    ...about,
    call: (method, body, options) => client.call(method, body, options),
    stream: (method, body, signal) => client.stream(method, body, signal),
    [Symbol.dispose]: () => client.close(),
  };
}

async function within<T>(milliseconds: number, work: Promise<T>, name: string): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new NoAnswer("internal", `plugin "${name}" does not answer`)), milliseconds);
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
