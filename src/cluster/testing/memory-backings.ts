import type { Backing, Backings } from "../member/backing.ts";
import { MemoryStore } from "./memory-store.ts";

/** A cluster's memory in this process: what managers of one test share. A daemon's end leaves it as it is. */
export class MemoryBackings implements Backings {
  readonly #alive = new Set<string>();
  readonly #lost = new Set<(nodeId: string) => void>();
  readonly #candidates: { nodeId: string; lead: Parameters<Backing["campaign"]>[0]; over: AbortController }[] = [];

  constructor(public store: MemoryStore | null = null) {}

  found({ nodeId }: { nodeId: string }): Promise<Backing> {
    this.store = new MemoryStore();
    return Promise.resolve(this.#view(nodeId, this.store));
  }

  open({ nodeId }: { nodeId: string }): Promise<Backing> {
    if (!this.store) return Promise.reject(new Error("there is nothing to open"));
    return Promise.resolve(this.#view(nodeId, this.store));
  }

  join(request: { nodeId: string }): Promise<Backing> {
    return this.open(request);
  }

  remove(): Promise<void> {
    return Promise.resolve();
  }

  #view(nodeId: string, store: MemoryStore): Backing {
    return {
      store,
      leader: () => this.#candidates[0]?.nodeId ?? "",
      campaign: (lead) => {
        const candidate = { nodeId, lead, over: new AbortController() };
        this.#candidates.push(candidate);
        if (this.#candidates.length === 1) void lead(candidate.over.signal, store);
        return {
          [Symbol.dispose]: () => {
            const first = this.#candidates[0] === candidate;
            this.#candidates.splice(this.#candidates.indexOf(candidate), 1);
            candidate.over.abort();
            const [next] = this.#candidates;
            if (first && next) void next.lead(next.over.signal, store);
          },
        };
      },
      liveness: {
        nodes: this.#alive,
        hold: (id) => Promise.resolve(void this.#alive.add(id)),
        release: (id) => Promise.resolve(void (this.#alive.delete(id) && this.#lost.forEach((tell) => void tell(id)))),
        onLost: (tell) => {
          this.#lost.add(tell);
          return () => this.#lost.delete(tell);
        },
      },
      admit: () => Promise.resolve(""),
      reconcile: () => Promise.resolve(),
      dismiss: () => Promise.resolve(),
      close: () => Promise.resolve(),
    };
  }
}
