const NEWLINE = 0x0a;
/** Longer lines than any writer of these formats makes: the file is damaged, and memory is bounded. */
const MAX_LINE = 4 << 20;

/** Cuts blocks of bytes into lines, each with its newline. */
export class LineSplitter {
  #rest: Buffer[] = [];
  #restLength = 0;

  /** Bytes of a line that was begun and is not complete. */
  get pending(): number {
    return this.#restLength;
  }

  /** The lines that this block completes. They may share its memory. */
  push(block: Buffer): Buffer[] {
    const lines: Buffer[] = [];
    let start = 0;
    for (let end = block.indexOf(NEWLINE); end >= 0; end = block.indexOf(NEWLINE, start)) {
      lines.push(this.#complete(block.subarray(start, end + 1)));
      start = end + 1;
    }
    this.#keep(block.subarray(start));
    return lines;
  }

  #forget(): void {
    this.#rest = [];
    this.#restLength = 0;
  }

  #complete(end: Buffer): Buffer {
    if (this.#restLength === 0) return end;
    const line = Buffer.concat([...this.#rest, end]);
    this.#forget();
    return line;
  }

  #keep(part: Buffer): void {
    if (part.length === 0) return;
    if (this.#restLength + part.length > MAX_LINE) this.#forget();
    this.#rest.push(Buffer.from(part));
    this.#restLength += part.length;
  }
}
