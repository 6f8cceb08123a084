/** Where something stands in a Dockerfile: 1-based lines, both ends included. */
export interface Range {
  start: number;
  end: number;
  /** 1-based column of the offending text on the first line, where it is known. */
  column?: number;
}

/** A Dockerfile that is wrong, with the place. `message` alone reads well; {@link explain} shows the source. */
export class DockerfileError extends Error {
  override readonly name = "DockerfileError";
  constructor(message: string, readonly range: Range, options?: { cause?: unknown }) {
    super(message, options);
  }
}

/**
 * The error as people read it: file, line and column, then the lines around with the guilty ones marked,
 * as BuildKit prints them.
 */
export function explain(error: DockerfileError, fileName: string, text: string): string {
  const lines = text.split("\n");
  const { start, end, column } = error.range;
  const from = Math.max(1, start - 2);
  const to = Math.min(lines.length, end + 2);
  const width = String(to).length + 1;
  const shown: string[] = [];
  for (let line = from; line <= to; line++) {
    const mark = line >= start && line <= end ? ">>>" : "   ";
    shown.push(`${String(line).padStart(width)} | ${mark} ${(lines[line - 1] ?? "").replace(/\r$/, "")}`.trimEnd());
  }
  const place = column === undefined ? `${fileName}:${start}` : `${fileName}:${start}:${column}`;
  return `${place}\n--------------------\n${shown.join("\n")}\n--------------------\n${error.message}`;
}
