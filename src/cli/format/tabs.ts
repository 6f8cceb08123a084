import { displayWidth } from "./width.ts";

export interface TabOptions {
  /** The least width of a column, padding included; Docker's tables use 10. */
  minWidth?: number;
  /** Spaces between columns; Docker's tables use 3. */
  padding?: number;
}

/**
 * Aligns columns as Go's text/tabwriter does: cells end with a tab, a column is a run of lines that have such
 * a cell, the last cell of a line belongs to no column.
 */
export function alignTabs(text: string, { minWidth = 10, padding = 3 }: TabOptions = {}): string {
  const endsLine = text.endsWith("\n");
  const lines = (endsLine ? text.slice(0, -1) : text).split("\n").map((line) => line.split("\t"));
  const out: string[] = lines.map(() => "");
  const block = (column: number, from: number, to: number) => {
    for (let i = from; i < to; i++) {
      if ((lines[i]?.length ?? 0) - 1 <= column) continue;
      let end = i;
      let width = minWidth;
      for (; end < to; end++) {
        const cells = lines[end] ?? [];
        if (cells.length - 1 <= column) break;
        width = Math.max(width, displayWidth(cells[column] ?? "") + padding);
      }
      for (let row = i; row < end; row++) {
        const cell = lines[row]?.[column] ?? "";
        out[row] += cell + " ".repeat(width - displayWidth(cell));
      }
      block(column + 1, i, end);
      i = end - 1;
    }
  };
  block(0, 0, lines.length);
  lines.forEach((cells, i) => (out[i] += cells.at(-1) ?? ""));
  return out.join("\n") + (endsLine ? "\n" : "");
}
