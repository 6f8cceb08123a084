/**
 * Durations as Go writes and reads them: `1h15m30.918s`, `300ms`, `-1.5h`. In nanoseconds, as API fields carry them.
 */

import { quote } from "./go-quote.ts";

const units: Record<string, bigint> = {
  ns: 1n,
  us: 1_000n,
  µs: 1_000n,
  μs: 1_000n,
  ms: 1_000_000n,
  s: 1_000_000_000n,
  m: 60_000_000_000n,
  h: 3_600_000_000_000n,
};

/** null where the text is no duration. A bare `0` is one; other numbers need a unit. */
export function parseGoDuration(text: string): bigint | null {
  const match = /^([+-]?)((?:(?:\d+(?:\.\d*)?|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+|0)$/.exec(text);
  if (!match) return null;
  let total = 0n;
  for (const [, whole = "", , fraction = "", unit = ""] of (match[2] ?? "").matchAll(
    /(\d*)(\.(\d*))?(ns|us|µs|μs|ms|s|m|h)/g,
  )) {
    const scale = units[unit] ?? 0n;
    total += BigInt(whole || "0") * scale;
    if (fraction) total += (BigInt(fraction) * scale) / 10n ** BigInt(fraction.length);
  }
  return match[1] === "-" ? -total : total;
}

/** Nanoseconds of a Go duration (`300ms`, `-1.5h`, `2h45m`), with time.ParseDuration's error texts. Throws those. */
export function readGoDuration(text: string): number {
  const quoted = quote(text);
  const sign = text.startsWith("-") ? -1 : 1;
  let rest = text.replace(/^[+-]/, "");
  if (rest === "0") return 0;
  if (rest === "") throw new Error(`time: invalid duration ${quoted}`);
  let total = 0;
  while (rest !== "") {
    const match = /^(\d+\.?\d*|\.\d+)([^\d.]*)/.exec(rest);
    if (!match) throw new Error(`time: invalid duration ${quoted}`);
    if (match[2] === "") throw new Error(`time: missing unit in duration ${quoted}`);
    const unit = units[match[2] ?? ""];
    if (unit === undefined) throw new Error(`time: unknown unit ${quote(match[2] ?? "")} in duration ${quoted}`);
    total += Number(match[1]) * Number(unit);
    rest = rest.slice(match[0].length);
  }
  return sign * Math.round(total);
}

/** As Go's Duration.String: `1m30s`, `2h0m0s`, `1.5ms`, `0s`. */
export function formatGoDuration(nanoseconds: bigint): string {
  if (nanoseconds === 0n) return "0s";
  const sign = nanoseconds < 0n ? "-" : "";
  const n = nanoseconds < 0n ? -nanoseconds : nanoseconds;
  if (n < 1_000n) return `${sign}${n}ns`;
  if (n < 1_000_000n) return `${sign}${decimal(n, 1_000n)}µs`;
  if (n < 1_000_000_000n) return `${sign}${decimal(n, 1_000_000n)}ms`;
  const minutes = n / 60_000_000_000n;
  const seconds = `${decimal(n % 60_000_000_000n, 1_000_000_000n)}s`;
  if (minutes === 0n) return sign + seconds;
  return minutes < 60n ? `${sign}${minutes}m${seconds}` : `${sign}${minutes / 60n}h${minutes % 60n}m${seconds}`;
}

function decimal(value: bigint, scale: bigint): string {
  const fraction = (value % scale)
    .toString()
    .padStart(scale.toString().length - 1, "0")
    .replace(/0+$/, "");
  return `${value / scale}${fraction && `.${fraction}`}`;
}
