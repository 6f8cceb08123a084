/** Bytes of output that writers may be ahead of the foremost owner, and to which that sinks before they go on. */
const aheadBytes = 1024 * 1024;
const caughtUpBytes = aheadBytes / 2;

/** An event with its place among all. */
interface Placed<E> {
  place: number;
  event: E;
  /** Bytes, of output. */
  bytes: number;
}

/** One who reads a log of events, each once, from the first on. Iterate over it once. */
export interface EventReader<E> extends AsyncIterable<E> {
  /** Bytes of output that were no longer there when their turn came. */
  readonly lost: number;
  /** Ends the reading, also where it waits for the next event. */
  leave(): void;
}

/**
 * Hands events from many writers to any number of readers, in one order, whenever a reader comes. All that is no output
 * is kept until the log is forgotten; of output the newest bytes, `keptBytes` of them, so that a reader that comes
 * late or lags misses the oldest (`lost` says how much). Readers that own the work are those that it is done for:
 * writers of output wait for the foremost of them, also where it is still to come ({@link disown}), and never for
 * anybody else. When the last of them leaves before the end, `left` is called.
 */
export class EventLog<E> {
  readonly #told: Placed<E>[] = [];
  /** Without those that were dropped: what stands there is `undefined`, and is taken away now and then. */
  readonly #output: (Placed<E> | undefined)[] = [];
  /** How many of the output came before the first in the list. */
  #before = 0;
  /** How many of the output were dropped. */
  #dropped = 0;
  #bytes = 0;
  #places = 0;
  #ended = false;
  /** All owners left, or none came: nobody is waited for. */
  #abandoned = false;
  readonly #readers = new Set<Reader<E>>();
  #waiting: (() => void)[] = [];

  constructor(
    private readonly left: () => void,
    private readonly keptBytes = 2 * 1024 * 1024,
  ) {}

  emit(event: E): void {
    this.#told.push({ place: this.#places++, event, bytes: 0 });
    for (const reader of this.#readers) reader.wake();
  }

  /**
   * An event of output that is so many bytes, and may be dropped. Resolves when the foremost owner has caught up enough
   * for more.
   */
  async output(event: E, bytes: number): Promise<void> {
    this.#output.push({ place: this.#places++, event, bytes });
    this.#bytes += bytes;
    for (const reader of this.#readers) reader.unread += bytes;
    this.#drop();
    for (const reader of this.#readers) reader.wake();
    if (this.#ahead() > aheadBytes && !this.#ended) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  /** Nothing more will come. */
  end(): void {
    this.#ended = true;
    for (const reader of this.#readers) reader.wake();
    this.#letGo();
  }

  /** Where no owner has come yet, none is waited for any more. */
  disown(): void {
    if (this.#owners().length > 0) return;
    this.#abandoned = true;
    this.#drop();
    this.#letGo();
  }

  /** `owns`: the work goes on for this reader. */
  read({ owns }: { owns: boolean }): EventReader<E> {
    if (owns) this.#abandoned = false;
    const reader: Reader<E> = new Reader(owns, this.#bytes, {
      next: () => this.#next(reader),
      ended: () => this.#ended,
      leave: () => this.#leave(reader),
    });
    this.#readers.add(reader);
    return reader;
  }

  /** The next event for a reader; undefined where it has had all that there are. */
  #next(reader: Reader<E>): Placed<E> | undefined {
    // What it had not read when it was dropped is lost to it.
    reader.output = Math.max(reader.output, this.#dropped);
    const told = this.#told[reader.told];
    const output = this.#output[reader.output - this.#before];
    if (output && (!told || output.place < told.place)) {
      reader.output++;
      reader.unread -= output.bytes;
      this.#drop();
      if (reader.owns && this.#ahead() < caughtUpBytes) this.#letGo();
      return output;
    }
    if (told) reader.told++;
    return told;
  }

  #leave(reader: Reader<E>): void {
    if (!this.#readers.delete(reader) || !reader.owns || this.#owners().length > 0) return;
    this.#abandoned = true;
    this.#letGo();
    if (!this.#ended) this.left();
  }

  #owners(): Reader<E>[] {
    return [...this.#readers].filter(({ owns }) => owns);
  }

  /** Bytes of output that no owner has read. */
  #ahead(): number {
    return this.#abandoned ? 0 : Math.min(this.#bytes, ...this.#owners().map(({ unread }) => unread));
  }

  /** Drops the oldest output that is too much, unless all owners still have to read it. */
  #drop(): void {
    while (this.#bytes > this.keptBytes) {
      const foremost = Math.max(0, ...this.#owners().map(({ output }) => output));
      if (!this.#abandoned && foremost <= this.#dropped) return;
      const bytes = this.#output[this.#dropped - this.#before]?.bytes ?? 0;
      this.#output[this.#dropped - this.#before] = undefined;
      this.#bytes -= bytes;
      for (const reader of this.#readers) {
        if (reader.output > this.#dropped) continue;
        reader.unread -= bytes;
        reader.lost += bytes;
      }
      this.#dropped++;
    }
    const gone = this.#dropped - this.#before;
    if (gone < 1000 || gone < this.#output.length / 2) return;
    this.#output.splice(0, gone);
    this.#before = this.#dropped;
  }

  #letGo(): void {
    for (const go of this.#waiting.splice(0)) go();
  }
}

class Reader<E> implements EventReader<E> {
  /** Places of what comes next. */
  told = 0;
  output = 0;
  lost = 0;
  #left = false;
  #wake: (() => void) | undefined;

  constructor(
    readonly owns: boolean,
    /** Bytes of output that are there for it. */
    public unread: number,
    private readonly source: { next(): Placed<E> | undefined; ended(): boolean; leave(): void },
  ) {}

  wake(): void {
    this.#wake?.();
  }

  leave(): void {
    this.#left = true;
    this.source.leave();
    this.wake();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<E> {
    try {
      while (!this.#left) {
        const next = this.source.next();
        if (next) yield next.event;
        else if (this.source.ended()) return;
        else
          await new Promise<void>((resolve) => {
            this.#wake = resolve;
          });
      }
    } finally {
      this.source.leave();
    }
  }
}
