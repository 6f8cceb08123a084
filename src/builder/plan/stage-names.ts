import type { Stage } from "../dockerfile/instructions.ts";

/** Finds stages by their names. Of several with one name the last before the one that asks counts. */
export class StageNames {
  /** Indexes, ascending. */
  readonly #byName: Map<string, number[]>;

  constructor(stages: readonly Stage[]) {
    this.#byName = new Map();
    for (const { name, index } of stages) {
      if (name === undefined) continue;
      const known = this.#byName.get(name);
      if (known) known.push(index);
      else this.#byName.set(name, [index]);
    }
  }

  /** The last stage of that name before the one at `index`; undefined where there is none. */
  before(name: string, index: number): number | undefined {
    const all = this.#byName.get(name.toLowerCase()) ?? [];
    let [low, high] = [0, all.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((all[middle] ?? 0) < index) low = middle + 1;
      else high = middle;
    }
    return all[low - 1];
  }

  /** Whether a stage has that name. */
  has(name: string): boolean {
    return this.#byName.has(name.toLowerCase());
  }
}
