import { watchDirectory } from "../../linux/watch.ts";
import { Bell } from "./bell.ts";

/** Waits for changes in a directory, also for those that came while nobody waited; a signal counts as one. */
export class Changes implements Disposable {
  readonly #resources = new DisposableStack();
  readonly #bell = new Bell();

  constructor(directory: string, signals: readonly (AbortSignal | undefined)[]) {
    const note = () => this.#bell.ring();
    this.#resources.use(watchDirectory(directory, note));
    for (const signal of signals) {
      signal?.addEventListener("abort", note, { once: true });
      this.#resources.defer(() => signal?.removeEventListener("abort", note));
    }
  }

  next(): Promise<void> {
    return this.#bell.next();
  }

  [Symbol.dispose](): void {
    this.#resources.dispose();
  }
}
