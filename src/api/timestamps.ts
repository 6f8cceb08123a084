import { errorMessage, invalid } from "../lib/errors.ts";
import { parseGoDuration } from "../lib/go-duration.ts";
import { parseGoTime } from "./go-time.ts";

/**
 * Points in time as the API's parameters write them. Times are bigint nanoseconds since 1970, so that nothing of
 * `1136073600.000000001` is lost.
 */

const second = 1_000_000_000n;

/** Reads `seconds` or `seconds.nanoseconds` (`since`, `until` of events and logs); null for an empty text. */
export function parseUnixTimestamp(value: string): bigint | null {
  if (value === "") return null;
  try {
    return unix(value);
  } catch (error) {
    throw invalid(`invalid timestamp ${JSON.stringify(value)}: ${errorMessage(error)}`);
  }
}

/**
 * Reads what people write after `--since` and `--until` and prune filters after `until`: a duration before
 * `reference` (`10m`), a date with or without time and zone, Unix time. Without a zone it is local time.
 */
export function parseTime(value: string, reference: Date = new Date()): bigint {
  const duration = value === "0" ? null : parseGoDuration(value);
  if (duration !== null) return BigInt(reference.getTime()) * 1_000_000n - duration;
  try {
    return parseGoTime(layoutOf(value), value);
  } catch (error) {
    if (value.includes("-")) throw invalid(errorMessage(error));
  }
  try {
    return unix(value);
  } catch {
    throw invalid(`failed to parse value as time or duration: ${JSON.stringify(value)}`);
  }
}

/** What Docker takes a date for, by the signs that are in it. */
function layoutOf(value: string): string {
  const isLocal = !/[zZ+]/.test(value) && value.split("-").length !== 4;
  const zone = isLocal ? "" : "Z07:00";
  if (value.includes(".")) return `2006-01-02T15:04:05.999999999${zone}`;
  if (!value.includes("T")) return `2006-01-02${zone}`;
  const colons = value.split(":").length - 1;
  const times = ["T15", "T15:04", "T15:04:05"];
  const own = !isLocal && !/[zZ]/.test(value) && colons > 0 ? colons - 1 : colons;
  return `2006-01-02${times[own] ?? "T15:04:05"}${zone}`;
}

/** Nanoseconds since 1970 of an RFC 3339 text with up to nine digits after the point; null where it is none. */
export function parseRfc3339(value: string): bigint | null {
  try {
    return parseGoTime("2006-01-02T15:04:05.999999999Z07:00", value);
  } catch {
    return null;
  }
}

/** `seconds.nanoseconds`, the form that {@link parseUnixTimestamp} reads. */
export function formatUnixTimestamp(nanoseconds: bigint): string {
  return `${nanoseconds / second}.${(nanoseconds % second).toString().padStart(9, "0")}`;
}

function unix(value: string): bigint {
  const point = value.indexOf(".");
  const seconds = point < 0 ? value : value.slice(0, point);
  if (!/^[+-]?\d{1,18}$/.test(seconds)) throw new Error(`invalid seconds ${JSON.stringify(seconds)}: invalid syntax`);
  const fraction = point < 0 ? "" : value.slice(point + 1);
  if (fraction.length > 20) throw new Error(`invalid nanoseconds: length ${fraction.length} exceeds maximum 20`);
  const bad = /[^0-9]/.exec(fraction);
  if (bad) throw new Error(`invalid nanoseconds: invalid character '${bad[0]}' at position ${bad.index}`);
  return BigInt(seconds) * second + BigInt(fraction.slice(0, 9).padEnd(9, "0"));
}
