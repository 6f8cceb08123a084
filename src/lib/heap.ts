/** Things of which always the first is wanted, while more come in: both in a time that grows with the logarithm. */
export class Heap<T> {
  private readonly items: T[] = [];

  /** `before`: whether `a` comes before `b`. What it says of things in the heap must not change. */
  constructor(private readonly before: (a: T, b: T) => boolean) {}

  get size(): number {
    return this.items.length;
  }

  push(item: T): void {
    let at = this.items.length;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const above = this.items[parent];
      if (above === undefined || !this.before(item, above)) break;
      this.items[at] = above;
      at = parent;
    }
    this.items[at] = item;
  }

  /** Takes the first out. Undefined: there is none. */
  pop(): T | undefined {
    const first = this.items[0];
    const last = this.items.pop();
    if (last !== undefined && this.items.length > 0) this.sink(last);
    return first;
  }

  private sink(item: T): void {
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      let below = this.items[child];
      const right = this.items[child + 1];
      if (below !== undefined && right !== undefined && this.before(right, below)) {
        child++;
        below = right;
      }
      if (below === undefined || !this.before(below, item)) break;
      this.items[at] = below;
      at = child;
    }
    this.items[at] = item;
  }
}
