/** Several streams as one, in the order in which things come. None is read ahead by more than one thing. */
export class Merged<T> {
  readonly #waiting: { value: T; taken: () => void }[] = [];
  #wake = () => {};
  #open = 0;
  #ended = false;
  #endWhenDone = false;

  /** Takes in one more. It must not throw. */
  add(source: AsyncIterable<T>): void {
    this.#open++;
    void this.#pump(source);
  }

  /** Ends now, whatever may still come. */
  end(): void {
    this.#ended = true;
    this.#wake();
    for (const { taken } of this.#waiting.splice(0)) taken();
  }

  /** Ends as soon as all that were taken in have. */
  endWhenDone(): void {
    this.#endWhenDone = true;
    this.#wake();
  }

  /** For one reader. */
  async *read(): AsyncGenerator<T> {
    for (;;) {
      for (let next = this.#waiting.shift(); next; next = this.#waiting.shift()) {
        yield next.value;
        next.taken();
      }
      if (this.#ended || (this.#endWhenDone && this.#open === 0)) return;
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  async #pump(source: AsyncIterable<T>): Promise<void> {
    try {
      for await (const value of source) {
        if (this.#ended) return;
        const { promise, resolve } = Promise.withResolvers<void>();
        this.#waiting.push({ value, taken: resolve });
        this.#wake();
        await promise;
      }
    } finally {
      this.#open--;
      this.#wake();
    }
  }
}
