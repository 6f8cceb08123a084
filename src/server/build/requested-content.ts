import type { ContentStore } from "../../builder/source/content-store.ts";
import type { ContentClient, WantedContent } from "../../builder/source/indexed-context.ts";

/** Somebody who waits for content, and how much of it is still to come. */
interface Waiter {
  missing: Set<string>;
  resolve(): void;
  reject(error: unknown): void;
}

/** Content of a context that is asked of the client in the answer of its request, and comes by requests of its own. */
export class RequestedContent implements ContentClient {
  /** By place in the index, of what was asked for. */
  readonly #expected = new Map<number, WantedContent>();
  readonly #asked = new Set<string>();
  readonly #waiters = new Set<Waiter>();
  #unsent: number[] = [];
  #ask: ((entries: number[]) => void) | undefined;
  #failure: { error: unknown } | undefined;

  constructor(private readonly store: Pick<ContentStore, "receive">) {}

  /** Asks for what was not asked for yet; settles when all of it is in the store. */
  async bring(wanted: readonly WantedContent[]): Promise<void> {
    const ask: number[] = [];
    for (const each of wanted) {
      if (this.#asked.has(each.digest)) continue;
      this.#asked.add(each.digest);
      this.#expected.set(each.number, each);
      ask.push(each.number);
    }
    if (this.#failure) throw this.#failure.error;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const waiter: Waiter = { missing: new Set(wanted.map(({ digest }) => digest)), resolve, reject };
    this.#waiters.add(waiter);
    if (this.#ask) this.#ask(ask);
    else this.#unsent.push(...ask);
    await promise.finally(() => this.#waiters.delete(waiter));
  }

  /** Tells how the client is asked for the content of entries. */
  serve(ask: (entries: number[]) => void): void {
    this.#ask = ask;
    if (this.#unsent.length > 0) ask(this.#unsent.splice(0));
  }

  /**
   * The client's answer: a tar stream, members named by their place in the index. What is wrong with it ends the build
   * too.
   */
  async receive(source: AsyncIterable<Uint8Array>): Promise<void> {
    try {
      await this.store.receive(
        source,
        (name) => this.#expected.get(Number(name)),
        (digests) => this.#arrived(digests),
      );
    } catch (error) {
      this.fail(error);
      throw error;
    }
  }

  /** Nothing more will come: whoever waits is told so. */
  fail(error: unknown): void {
    this.#failure ??= { error };
    for (const waiter of this.#waiters) waiter.reject(error);
  }

  #arrived(digests: readonly string[]): void {
    for (const waiter of this.#waiters) {
      for (const digest of digests) waiter.missing.delete(digest);
      if (waiter.missing.size === 0) waiter.resolve();
    }
  }
}
