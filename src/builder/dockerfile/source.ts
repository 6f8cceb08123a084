/** Where something stands in a Dockerfile: 1-based lines, both ends included. */
export interface Range {
  start: number;
  end: number;
}

/** A Dockerfile that is wrong, with the place. `message` alone reads well; {@link explain} shows the source. */
export class DockerfileError extends Error {
  override readonly name = "DockerfileError";
  /** The text in the source that is wrong, where it is less than the whole instruction. */
  readonly near: string | undefined;
  /** Of the file's grammar, which BuildKit tells without saying that it was reading. */
  readonly ofGrammar: boolean;
  constructor(
    message: string,
    readonly range: Range,
    options: { cause?: unknown; near?: string; ofGrammar?: boolean } = {},
  ) {
    super(message, options);
    this.near = options.near;
    this.ofGrammar = options.ofGrammar ?? false;
  }
}

/**
 * The error as people read it: file, line and column, then the lines around with the guilty ones marked,
 * as BuildKit prints them.
 */
export function explain(error: DockerfileError, fileName: string, text: string): string {
  const lines = text.split("\n");
  const { line, column } = placeOf(error, lines);
  return `${fileName}:${line}:${column}\n${excerpt(error.range, lines)}\n${error.message}`;
}

/** The lines around a place, its own marked. */
export function excerpt({ start, end }: Range, lines: readonly string[]): string {
  const from = Math.max(1, start - 2);
  const to = Math.min(lines.length, end + 2);
  const width = Math.max(4, String(to).length);
  const shown: string[] = [];
  for (let line = from; line <= to; line++) {
    const mark = line >= start && line <= end ? ">>>" : "   ";
    shown.push(`${String(line).padStart(width)} | ${mark} ${(lines[line - 1] ?? "").replace(/\r$/, "")}`.trimEnd());
  }
  return `--------------------\n${shown.join("\n")}\n--------------------`;
}

/** 1-based. Where the wrong text stands, else where the instruction begins. */
function placeOf(
  { range: { start, end }, near }: DockerfileError,
  lines: readonly string[],
): { line: number; column: number } {
  for (let line = start; near && line <= end; line++) {
    const at = (lines[line - 1] ?? "").indexOf(near);
    if (at >= 0) return { line, column: at + 1 };
  }
  return { line: start, column: (lines[start - 1] ?? "").search(/\S/) + 1 || 1 };
}
