/**
 * Mutual exclusion by key, in the order of asking. `using lock = await locks.acquire(id)` holds it to
 * the end of the block. Keys cost nothing while nobody holds them.
 */
export class KeyedLock {
  readonly #tails = new Map<string, Promise<void>>();

  async acquire(key: string): Promise<Disposable> {
    const { promise: released, resolve: release } = Promise.withResolvers<void>();
    const before = this.#tails.get(key);
    this.#tails.set(key, released);
    await before;
    return {
      [Symbol.dispose]: () => {
        if (this.#tails.get(key) === released) this.#tails.delete(key);
        release();
      },
    };
  }

  isHeld(key: string): boolean {
    return this.#tails.has(key);
  }
}

/** At most `limit` holders at once, first come first served. `using slot = await semaphore.acquire()`. */
export class Semaphore {
  readonly #waiting: (() => void)[] = [];
  #free: number;

  constructor(limit: number) {
    this.#free = limit;
  }

  /** Whether who acquires now has to wait. */
  get busy(): boolean {
    return this.#free <= 0;
  }

  /** Who waits gives up with the signal, and throws its reason. */
  async acquire(signal?: AbortSignal): Promise<Disposable> {
    if (this.#free > 0) this.#free--;
    else await this.#turn(signal);
    let held = true;
    return {
      [Symbol.dispose]: () => {
        if (!held) return;
        held = false;
        const next = this.#waiting.shift();
        if (next) next();
        else this.#free++;
      },
    };
  }

  #turn(signal: AbortSignal | undefined): Promise<void> {
    signal?.throwIfAborted();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const giveUp = () => {
      const at = this.#waiting.indexOf(resolve);
      // Its turn has come just now: it holds what it has to give back.
      if (at < 0) return;
      this.#waiting.splice(at, 1);
      reject(signal?.reason);
    };
    signal?.addEventListener("abort", giveUp, { once: true });
    this.#waiting.push(resolve);
    return promise.finally(() => signal?.removeEventListener("abort", giveUp));
  }
}
