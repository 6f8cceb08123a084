import { internal } from "../../lib/errors.ts";

/**
 * What goes wrong with a call: it fails and does nothing, it waits for {@link Calls.release}, or the daemon is killed
 * (`kill -9`) just before or just after what the call does.
 */
export type Mishap = "fails" | "waits" | "dies before" | "dies after";

/** What one daemon asks of the machine, in order; any one of these calls can be made to go wrong. */
export class Calls {
  /** Since {@link arrange}. */
  readonly made: string[] = [];
  #mishaps: { at: number | string; what: Mishap }[] = [];
  #isDead = false;
  readonly #death = Promise.withResolvers<void>();
  #gate = Promise.withResolvers<void>();

  constructor(private readonly onDeath: () => void) {}

  /** Counts from zero again. The call of that number (or the next of that name) goes wrong, once. */
  arrange(at?: number | string, what: Mishap = "fails"): void {
    this.made.length = 0;
    this.#gate = Promise.withResolvers();
    this.#mishaps = at === undefined ? [] : [{ at, what }];
  }

  /** Another call that goes wrong. */
  arrangeToo(at: number | string, what: Mishap = "fails"): void {
    this.#mishaps.push({ at, what });
  }

  /** Whether what was arranged is still to come. */
  get isArranged(): boolean {
    return this.#mishaps.length > 0;
  }

  /** Lets the call go on that waits. */
  release(): void {
    this.#gate.resolve();
  }

  /** Resolves when the daemon was killed. */
  get death(): Promise<void> {
    return this.#death.promise;
  }

  async make<T>(name: string, effect: () => T | Promise<T>): Promise<T> {
    const what = this.#next(name);
    if (what === "waits") await this.#gate.promise;
    if (what === "fails") throw internal(`${name} failed`);
    if (what === "dies before") this.#die();
    // Nobody is there any more to whom it could return.
    if (this.#isDead) return new Promise(() => {});
    const result = await effect();
    if (what === "dies after") this.#die();
    return this.#isDead ? new Promise(() => {}) : result;
  }

  /** The same for a call that nobody waits for. */
  makeNow<T>(name: string, effect: () => T): T {
    const what = this.#next(name);
    if (what === "fails") throw internal(`${name} failed`);
    if (what === "dies before") this.#die();
    if (this.#isDead) throw internal("the daemon is dead");
    const result = effect();
    if (what === "dies after") {
      this.#die();
      throw internal("the daemon is dead");
    }
    return result;
  }

  #next(name: string): Mishap | null {
    if (this.#isDead) return null;
    const mishap = this.#mishaps.find(({ at }) => at === this.made.length || at === name);
    this.made.push(name);
    this.#mishaps = this.#mishaps.filter((other) => other !== mishap);
    return mishap?.what ?? null;
  }

  #die(): void {
    this.#isDead = true;
    this.onDeath();
    this.#death.resolve();
  }
}
