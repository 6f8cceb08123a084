/** Sizes and durations for people, as Docker's go-units write them. */
import { humanDuration } from "../../lib/duration.ts";
import { formatG } from "../../lib/template/float.ts";

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

/** How long ago a moment (seconds since 1970) was, as list commands say it. */
export function ago(seconds: number, now = Date.now()): string {
  return `${humanDuration(now - seconds * 1000)} ago`;
}

export { humanDuration };
