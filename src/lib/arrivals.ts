/** Things by their names, where whoever asks for one may have come before it. */
export class Arrivals<V> {
  readonly #here = new Map<string, V>();
  readonly #waiting = new Set<() => void>();

  add(name: string, value: V): void {
    this.#here.set(name, value);
    for (const wake of this.#waiting) wake();
  }

  get(name: string): V | undefined {
    return this.#here.get(name);
  }

  has(name: string): boolean {
    return this.#here.has(name);
  }

  delete(name: string): void {
    this.#here.delete(name);
  }

  /** The thing of that name; undefined: within `ms` milliseconds, or before `signal` was aborted, none came. */
  async find(name: string, signal: AbortSignal, ms: number): Promise<V | undefined> {
    const until = Date.now() + ms;
    for (;;) {
      const found = this.#here.get(name);
      if (found !== undefined || signal.aborted || Date.now() >= until) return found;
      await this.#next(until - Date.now(), signal);
    }
  }

  async #next(ms: number, signal: AbortSignal): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const wake = () => resolve();
    const timer = setTimeout(wake, ms);
    this.#waiting.add(wake);
    signal.addEventListener("abort", wake, { once: true });
    await promise;
    clearTimeout(timer);
    this.#waiting.delete(wake);
    signal.removeEventListener("abort", wake);
  }
}
