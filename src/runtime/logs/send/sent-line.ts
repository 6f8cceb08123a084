import { newId } from "../../../lib/ids.ts";
import type { LogEntry } from "../entry.ts";
import { type HeldLines, LineJoiner } from "../line-joiner.ts";

const NEWLINE = 0x0a;

/** A line of a container's output, or a piece of one that is longer than 16 KiB or was never ended. */
export interface SentLine {
  stream: 1 | 2;
  /** As {@link LogEntry.time}. */
  time: string;
  /** Without its newline. */
  text: Buffer;
  /** Null for a whole line. */
  piece: Piece | null;
}

/** Which piece of a line it is. */
export interface Piece {
  /** The line's: 64 hex digits. */
  id: string;
  /** From 1. */
  ordinal: number;
  /** The line ends with it. */
  last: boolean;
}

/** What {@link SentLines} holds back of lines that were begun; as JSON has it. */
export interface BegunLines {
  held: HeldLines;
  /** Of lines of which pieces are sent already. */
  pieces: Partial<Record<1 | 2, Omit<Piece, "last">>>;
}

/** Makes the lines that receivers get of the pieces in which they were written. */
export class SentLines {
  readonly #joiner: LineJoiner;
  readonly #pieces: BegunLines["pieces"];

  constructor({ held, pieces }: BegunLines) {
    this.#joiner = new LineJoiner(held);
    this.#pieces = { ...pieces };
  }

  /** The lines that this entry completes, or that are as long as lines may be. */
  push(entry: LogEntry): SentLine[] {
    return this.#joiner.push(entry).map((line) => this.#number(line));
  }

  /** What was begun and will not be ended: the writer has gone. */
  flush(): SentLine[] {
    const lines = this.#joiner.flush().map((line) => this.#number(line));
    for (const stream of [1, 2] as const) delete this.#pieces[stream];
    return lines;
  }

  get begun(): BegunLines {
    return { held: this.#joiner.held, pieces: { ...this.#pieces } };
  }

  #number({ stream, time, data }: Omit<LogEntry, "partial">): SentLine {
    const bytes = Buffer.from(data.buffer, data.byteOffset, data.length);
    const last = bytes.at(-1) === NEWLINE;
    const text = last ? bytes.subarray(0, -1) : bytes;
    const before = this.#pieces[stream];
    if (last && !before) return { stream, time, text, piece: null };
    const { id, ordinal } = { id: before?.id ?? newId(), ordinal: (before?.ordinal ?? 0) + 1 };
    if (last) delete this.#pieces[stream];
    else this.#pieces[stream] = { id, ordinal };
    return { stream, time, text, piece: { id, ordinal, last } };
  }
}
