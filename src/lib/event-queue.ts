/**
 * Hands events of many writers to one reader, in order. An event given with a key takes the place of the one with the
 * same key that still waits, so a reader that lags behind sees the latest and the queue stays small.
 */
export class EventQueue<T> implements AsyncIterable<T> {
  readonly #waiting: { key: string | undefined; event: T }[] = [];
  readonly #byKey = new Map<string, { key: string | undefined; event: T }>();
  #ended = false;
  #error: unknown;
  #wake: (() => void) | undefined;

  push(event: T, key?: string): void {
    const waiting = key === undefined ? undefined : this.#byKey.get(key);
    if (waiting) waiting.event = event;
    else {
      const entry = { key, event };
      if (key !== undefined) this.#byKey.set(key, entry);
      this.#waiting.push(entry);
    }
    this.#wake?.();
  }

  /** No more events; the reader gets those that wait, then the error if there is one. */
  end(error?: unknown): void {
    this.#ended = true;
    this.#error = error;
    this.#wake?.();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T> {
    for (;;) {
      const entry = this.#waiting.shift();
      if (entry) {
        if (entry.key !== undefined) this.#byKey.delete(entry.key);
        yield entry.event;
      } else if (this.#ended) {
        if (this.#error !== undefined) throw this.#error;
        return;
      } else
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
    }
  }
}

/**
 * Runs work that tells events as it goes, as one iterable of them. A reader that leaves aborts the signal the work is
 * given.
 */
export async function* told<T>(
  work: (tell: (event: T, key?: string) => void, signal: AbortSignal) => Promise<void>,
  outer?: AbortSignal,
): AsyncGenerator<T> {
  const queue = new EventQueue<T>();
  const left = new AbortController();
  const signal = outer ? AbortSignal.any([outer, left.signal]) : left.signal;
  const done = work((event, key) => queue.push(event, key), signal).then(
    () => queue.end(),
    (error: unknown) => queue.end(error),
  );
  try {
    yield* queue;
  } finally {
    left.abort(new DOMException("the reader left", "AbortError"));
    await done;
  }
}
