import { errorMessage, invalid } from "../../lib/errors.ts";
import { goBoolean } from "../../lib/go-boolean.ts";
import { quote } from "../../lib/go-quote.ts";

/** How a container's log is kept. */
export interface LogLimits {
  /** Bytes of one file before it is put aside; null: no limit. */
  maxSize: number | null;
  /** The live file and those put aside. */
  maxFiles: number;
  /** Those put aside are compressed. */
  compress: boolean;
}

/** What is kept without a word: 20 MB five times, compressed. */
export const defaultLogLimits: LogLimits = { maxSize: 20 * 1000 * 1000, maxFiles: 5, compress: true };

/** The options of a log that is kept in files. */
export const rotationOptions: readonly string[] = ["max-size", "max-file", "compress"];

/**
 * What they come to. `sized` holds where a size is named and the rest is not. Throws `invalid` with Docker's texts.
 */
export function rotationLimits(
  options: Readonly<Record<string, string>>,
  sized: Partial<Pick<LogLimits, "maxFiles" | "compress">> = {},
): LogLimits {
  const { "max-size": size, "max-file": count, compress } = options;
  const fallback = size === undefined ? defaultLogLimits : { ...defaultLogLimits, ...sized };
  const limits: LogLimits = {
    maxSize: size === undefined ? fallback.maxSize : parseSize(size),
    maxFiles: count === undefined ? fallback.maxFiles : parseCount(count),
    compress: compress === undefined ? fallback.compress : parseCompress(compress),
  };
  if (compress !== undefined && limits.compress && (limits.maxFiles < 2 || limits.maxSize === null)) {
    throw invalid("compress cannot be true when max-file is less than 2 or max-size is not set");
  }
  return limits;
}

/**
 * As {@link rotationLimits}, with what is wrong in other words: `explain` gets the name, the value and the reason.
 */
export function explainedLimits(
  options: Readonly<Record<string, string>>,
  explain: (name: string, value: string, reason: string) => string,
): LogLimits {
  for (const name of rotationOptions) {
    const value = options[name];
    if (value === undefined) continue;
    try {
      rotationLimits({ [name]: value });
    } catch (error) {
      throw invalid(explain(name, value, errorMessage(error)), error);
    }
  }
  return rotationLimits(options);
}

const units: Record<string, number> = { "": 1, b: 1, k: 1e3, m: 1e6, g: 1e9, t: 1e12, p: 1e15 };

/** Docker's decimal sizes: `20m`, `1.5g`, `10kb`; `-1`: no limit. */
function parseSize(text: string): number | null {
  if (text.trim() === "-1") return null;
  const [, number, suffix = ""] = /^(\d+(?:\.\d+)?)\s*(.*)$/s.exec(text.trim()) ?? [];
  if (number === undefined) throw invalid(`invalid size: '${text}'`);
  const unit = units[/^([kmgtp]?)b?$/i.exec(suffix)?.[1]?.toLowerCase() ?? "none"];
  if (unit === undefined) throw invalid(`invalid suffix: '${suffix.toLowerCase()}'`);
  const size = Math.floor(Number(number) * unit);
  if (size <= 0) throw invalid("max-size must be a positive number");
  return size;
}

function parseCount(text: string): number {
  if (!/^-?\d+$/.test(text)) throw invalid(`strconv.Atoi: parsing ${quote(text)}: invalid syntax`);
  const count = Number(text);
  if (count < 1) throw invalid("max-file cannot be less than 1");
  return count;
}

function parseCompress(text: string): boolean {
  const compress = goBoolean(text);
  if (compress === null) throw invalid(`strconv.ParseBool: parsing ${quote(text)}: invalid syntax`);
  return compress;
}
