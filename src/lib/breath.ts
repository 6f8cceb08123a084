/** Milliseconds that work may hold the event loop before others have their turn. */
const longest = 10;

/** For loops over what a client sent, which may be much: `if (breath.due) await breath.take(signal)`. */
export class Breath {
  #since = performance.now();

  get due(): boolean {
    return performance.now() - this.#since > longest;
  }

  /** Lets everybody else go on. Throws the signal's reason where nobody waits for the result any more. */
  async take(signal?: AbortSignal): Promise<void> {
    await new Promise(setImmediate);
    signal?.throwIfAborted();
    this.#since = performance.now();
  }
}

/**
 * Work in small parts (`yield` between them), to its end with a breath where one is due. The same work can be done
 * {@link atOnce} where it is known to be little.
 */
export async function inTurns<T>(work: Generator<void, T>, signal?: AbortSignal): Promise<T> {
  const breath = new Breath();
  for (;;) {
    const { done, value } = work.next();
    if (done) return value;
    if (breath.due) await breath.take(signal);
  }
}

/** As {@link inTurns}, without a breath. */
export function atOnce<T>(work: Generator<void, T>): T {
  for (;;) {
    const { done, value } = work.next();
    if (done) return value;
  }
}
