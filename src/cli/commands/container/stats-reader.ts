import type { Client } from "../../../client/client.ts";
import { containerStats, listContainers } from "../../../client/containers.ts";
import { engineEvents } from "../../../client/system.ts";
import { errorMessage } from "../../../lib/errors.ts";
import type { StatsEntry } from "./stats-row.ts";

/** A reading older than this is no longer shown. */
const staleAfter = 2000;

interface Watched {
  entry: StatsEntry;
  error: string | null;
  stop: AbortController;
  /** When the first reading, or the failure to get one, is there. */
  first: Promise<void>;
}

export interface StatsReaderOptions {
  /** One reading each. */
  once: boolean;
  /** Containers that do not run are watched too. */
  all: boolean;
}

/** Reads the statistics of containers side by side; without names, of all that come and go. */
export class StatsReader implements Disposable {
  readonly #watched = new Map<string, Watched>();
  readonly #events = new AbortController();
  #end: () => void = () => {};
  /** Resolves when the engine ends the stream of events, as it does when it stops. */
  readonly ended = new Promise<"ended">((resolve) => (this.#end = () => resolve("ended")));

  constructor(
    readonly client: Client,
    readonly options: StatsReaderOptions,
  ) {}

  add(name: string): void {
    if (this.#watched.has(name)) return;
    const stop = new AbortController();
    let ready: () => void = () => {};
    const first = new Promise<void>((resolve) => (ready = resolve));
    const watched: Watched = { entry: { container: name, reading: null, name: "", id: "" }, error: null, stop, first };
    this.#watched.set(name, watched);
    void this.#read(watched, ready);
  }

  /** Watches all containers there are and, with `follow`, those that come later. */
  async addAll(follow: boolean): Promise<void> {
    if (follow) void this.#follow();
    for (const { Id } of await listContainers(this.client, { all: this.options.all })) if (Id) this.add(Id);
  }

  async firstReadings(): Promise<void> {
    await Promise.all([...this.#watched.values()].map(({ first }) => first));
  }

  entries(): StatsEntry[] {
    return [...this.#watched.values()].map(({ entry }) => entry);
  }

  errors(): string[] {
    return [...this.#watched.values()].flatMap(({ error }) => error ?? []);
  }

  [Symbol.dispose](): void {
    this.#events.abort();
    for (const { stop } of this.#watched.values()) stop.abort();
  }

  async #read(watched: Watched, ready: () => void): Promise<void> {
    const { entry, stop } = watched;
    const stale = () => {
      entry.reading = null;
      ready();
    };
    let timer = setTimeout(stale, staleAfter);
    try {
      for await (const reading of containerStats(this.client, entry.container, {
        once: this.options.once,
        signal: stop.signal,
      })) {
        clearTimeout(timer);
        timer = setTimeout(stale, staleAfter);
        Object.assign(entry, { reading, name: reading.name ?? "", id: reading.id ?? "" });
        ready();
        if (this.options.once) break;
      }
    } catch (error) {
      entry.reading = null;
      watched.error = errorMessage(error);
    } finally {
      clearTimeout(timer);
      ready();
    }
  }

  async #follow(): Promise<void> {
    const { all } = this.options;
    try {
      for await (const { Action, Actor } of engineEvents(this.client, {
        filters: { type: ["container"] },
        signal: this.#events.signal,
      })) {
        const id = Actor?.ID ?? "";
        if (id === "") continue;
        if (Action === "start" || (all && Action === "create")) this.add(id);
        if (Action === "destroy" || (!all && Action === "die")) this.#remove(id);
      }
    } catch {
      // The engine went away: what was read so far has been shown.
    }
    this.#end();
  }

  #remove(id: string): void {
    this.#watched.get(id)?.stop.abort();
    this.#watched.delete(id);
  }
}
