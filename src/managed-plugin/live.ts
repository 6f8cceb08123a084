import type { PluginLog } from "./log.ts";

/** What of a plugin that runs, or is about to, is in this process and not in the database. */
export interface LivePlugin {
  /** Its endpoint, once it is known to whoever uses plugins. */
  endpoint: Disposable | null;
  log: PluginLog | null;
  /** Resolves when its process has ended. */
  ended: PromiseWithResolvers<void>;
  /** When its process was begun, and how often it has ended by itself soon after; see restart.ts. */
  begun: number;
  failures: number;
  restart: Timer | undefined;
}

/** The plugins that run, by id. */
export class LivePlugins {
  readonly #plugins = new Map<string, LivePlugin>();
  /** Follows the ends of their processes. */
  exitWatch: Disposable | null = null;
  /** The daemon is about to end: what ends from now on is the next one's to see. */
  shuttingDown = false;

  get(id: string): LivePlugin | undefined {
    return this.#plugins.get(id);
  }

  /** The entry of a plugin, made where there is none. */
  of(id: string): LivePlugin {
    const known = this.#plugins.get(id);
    if (known) return known;
    const made: LivePlugin = {
      endpoint: null,
      log: null,
      ended: Promise.withResolvers(),
      begun: 0,
      failures: 0,
      restart: undefined,
    };
    this.#plugins.set(id, made);
    return made;
  }

  delete(id: string): void {
    this.#plugins.delete(id);
  }

  values(): Iterable<LivePlugin> {
    return this.#plugins.values();
  }
}
