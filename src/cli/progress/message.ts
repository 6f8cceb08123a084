import type { ProgressAmount, ProgressEvent } from "../../api/progress.ts";
import { humanSize } from "../format/units.ts";

/** The bar and the counts of one progress message, for a terminal of some width; empty where nothing is known. */
export function progressText(
  { current = 0, total = 0, start = 0, hidecounts, units }: ProgressAmount,
  columns: number,
  now = Date.now(),
): string {
  const count = (n: number) => (units ? `${n}` : humanSize(n));
  const unit = units ? ` ${units}` : "";
  if (current <= 0 && total <= 0) return "";
  if (total <= 0) return units ? `${current}${unit}` : count(current).padStart(8);
  const half = Math.min(50, Math.trunc(Math.trunc((current / total) * 100) / 2));
  const bar = columns > 110 ? `[${"=".repeat(half)}>${" ".repeat(50 - half)}] ` : "";
  let counts = "";
  if (!hidecounts) {
    // A current beyond the total says that the total is wrong.
    const both =
      current > total ? count(current) : `${units ? count(current) : count(current).padStart(8)}/${count(total)}`;
    counts = (current > total && !units ? both.padStart(8) : both) + unit;
  }
  let left = "";
  if (columns > 50 && current > 0 && start > 0 && half < 50) {
    const perUnit = (now - start * 1000) / current;
    left = ` ${clock(Math.round(((total - current) * perUnit) / 1000))}`;
  }
  return bar + counts + left;
}

/** Seconds as Go prints a duration: `1h2m3s`. */
function clock(seconds: number): string {
  const [h, m, s] = [Math.floor(seconds / 3600), Math.floor((seconds % 3600) / 60), seconds % 60];
  return h > 0 ? `${h}h${m}m${s}s` : m > 0 ? `${m}m${s}s` : `${s}s`;
}

/** Whether the message belongs to a line of its own that later messages of its id redraw. */
export function isUpdate({ id, progressDetail, progress }: ProgressEvent): boolean {
  return Boolean(id) && (progressDetail !== undefined || Boolean(progress));
}

/** The message as text without a terminal, newline included; null where only a bar moved. */
export function plainText(message: ProgressEvent): string | null {
  const { id, status = "", stream, progressDetail, progress } = message;
  if (progressDetail && progressText(progressDetail, 200) !== "") return null;
  const prefix = id ? `${id}: ` : "";
  if (progress) return `${prefix}${status} ${progress}`;
  return stream ? prefix + stream : `${prefix}${status}\n`;
}
