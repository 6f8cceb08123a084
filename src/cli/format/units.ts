/** Sizes and durations for people, as Docker's go-units write and read them. */
import { formatG } from "./float.ts";

const decimal = ["B", "kB", "MB", "GB", "TB", "PB", "EB", "ZB", "YB"];
const binary = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB", "ZiB", "YiB"];

function scaled(size: number, base: number, units: readonly string[], precision: number): string {
  let i = 0;
  while (size >= base && i < units.length - 1) {
    size /= base;
    i++;
  }
  return formatG(size, precision) + (units[i] ?? "");
}

/** Powers of 1000, four significant digits (`12.5MB`). */
export function humanSize(bytes: number, precision = 4): string {
  return scaled(bytes, 1000, decimal, precision);
}

/** Powers of 1024, four significant digits (`1.944GiB`). */
export function bytesSize(bytes: number): string {
  return scaled(bytes, 1024, binary, 4);
}

/** How long, roughly (`About a minute`, `3 weeks`). */
export function humanDuration(ms: number): string {
  const seconds = Math.trunc(ms / 1000);
  if (seconds < 1) return "Less than a second";
  if (seconds === 1) return "1 second";
  if (seconds < 60) return `${seconds} seconds`;
  const minutes = Math.trunc(ms / 60_000);
  if (minutes === 1) return "About a minute";
  if (minutes < 60) return `${minutes} minutes`;
  const hours = Math.trunc(ms / 3_600_000 + 0.5);
  if (hours === 1) return "About an hour";
  if (hours < 48) return `${hours} hours`;
  if (hours < 24 * 7 * 2) return `${Math.trunc(hours / 24)} days`;
  if (hours < 24 * 30 * 2) return `${Math.trunc(hours / 24 / 7)} weeks`;
  if (hours < 24 * 365 * 2) return `${Math.trunc(hours / 24 / 30)} months`;
  return `${Math.trunc(ms / 3_600_000 / 24 / 365)} years`;
}

/** How long ago a moment (seconds since 1970) was, as list commands say it. */
export function ago(seconds: number, now = Date.now()): string {
  return `${humanDuration(now - seconds * 1000)} ago`;
}

/** Reads `64m`, `1.5GB`, `2KiB` with powers of 1024; throws with go-units' texts. */
export function ramInBytes(text: string): number {
  return parseSize(text, 1024);
}

/** Reads `64m`, `1.5GB` with powers of 1000. */
export function fromHumanSize(text: string): number {
  return parseSize(text, 1000);
}

function parseSize(text: string, base: number): number {
  let split = text.indexOf(" ");
  let suffix = split < 0 ? "" : text.slice(split + 1);
  if (split < 0) {
    split = text.search(/[0-9.][^0-9.]*$/);
    if (split < 0) throw new Error(`invalid size: '${text}'`);
    split++;
    suffix = text.slice(split);
  }
  const digits = text.slice(0, split);
  if (!/^[+-]?(\d[\d_]*\.?\d*|\.\d+)([eE][+-]?\d+)?$/.test(digits)) {
    throw new Error(`strconv.ParseFloat: parsing ${JSON.stringify(digits)}: invalid syntax`);
  }
  const size = Number(digits);
  if (size < 0) throw new Error(`invalid size: '${text}'`);
  if (suffix === "") return Math.trunc(size);
  const lower = suffix.toLowerCase();
  const power = "bkmgtp".indexOf(lower[0] ?? "");
  const rest = lower.slice(1);
  if (suffix.length > 3 || power < 0 || (power === 0 ? rest !== "" : rest !== "" && rest !== "b" && rest !== "ib")) {
    throw new Error(`invalid suffix: '${suffix.length > 3 ? suffix : lower}'`);
  }
  return Math.trunc(size * base ** power);
}
