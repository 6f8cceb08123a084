import type { LogEntry } from "./entry.ts";

/** Longer lines are cut, as Docker does: each piece but the last is of this size. */
const MAX_LINE = 16 * 1024;
const NEWLINE = 0x0a;

/** The beginning of a line, and when it was written. */
interface Begun {
  time: string;
  data: Buffer;
}

/** What {@link LineJoiner} holds, as JSON has it: `data` is base64. */
export type HeldLines = Partial<Record<1 | 2, { time: string; data: string }>>;

/** Makes whole lines of the pieces in which they were written, one line at a time for each stream. */
export class LineJoiner {
  readonly #begun = new Map<1 | 2, Begun>();

  constructor(held: HeldLines = {}) {
    for (const stream of [1, 2] as const) {
      const line = held[stream];
      if (line) this.#begun.set(stream, { time: line.time, data: Buffer.from(line.data, "base64") });
    }
  }

  /** The lines that this entry completes, or that are as long as lines may be. */
  push({ stream, time, data }: LogEntry): Omit<LogEntry, "partial">[] {
    const before = this.#begun.get(stream);
    this.#begun.delete(stream);
    const line = { time: before?.time ?? time, data: before ? Buffer.concat([before.data, data]) : Buffer.from(data) };
    const lines: Omit<LogEntry, "partial">[] = [];
    while (line.data.length > MAX_LINE || (line.data.length === MAX_LINE && line.data.at(-1) !== NEWLINE)) {
      lines.push({ stream, time: line.time, data: line.data.subarray(0, MAX_LINE) });
      line.data = line.data.subarray(MAX_LINE);
    }
    if (line.data.at(-1) === NEWLINE) lines.push({ stream, ...line });
    else if (line.data.length > 0) this.#begun.set(stream, line);
    return lines;
  }

  /** What was begun and will not be ended. */
  flush(): Omit<LogEntry, "partial">[] {
    const lines = [...this.#begun].map(([stream, line]) => ({ stream, ...line }));
    this.#begun.clear();
    return lines;
  }

  get held(): HeldLines {
    return Object.fromEntries(
      [...this.#begun].map(([stream, { time, data }]) => [stream, { time, data: data.toString("base64") }]),
    );
  }
}
