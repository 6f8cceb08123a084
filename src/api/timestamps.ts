import { invalid } from "../lib/errors.ts";
import { parseGoDuration } from "../lib/go-duration.ts";

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
    throw invalid(`invalid timestamp ${JSON.stringify(value)}: ${error instanceof Error ? error.message : error}`);
  }
}

/**
 * Reads what people write after `--since` and `--until` and prune filters after `until`: a duration before
 * `reference` (`10m`), a date with or without time and zone, Unix time. Without a zone it is local time.
 */
export function parseTime(value: string, reference: Date = new Date()): bigint {
  if (value.trim() === "") throw invalid("failed to parse value as time or duration: value is empty");
  const duration = value === "0" ? null : parseGoDuration(value);
  if (duration !== null) return BigInt(reference.getTime()) * 1_000_000n - duration;
  const date = calendar(value);
  if (date !== null) return date;
  if (value.includes("-")) throw invalid(`parsing time ${JSON.stringify(value)}: cannot parse it as a date`);
  try {
    return unix(value);
  } catch (error) {
    throw invalid(`failed to parse value as time or duration: ${error instanceof Error ? error.message : error}`);
  }
}

/** Nanoseconds since 1970 of an RFC 3339 text with up to nine digits after the point; null where it is none. */
export function parseRfc3339(value: string): bigint | null {
  return /T\d\d:\d\d:\d\d.*(?:Z|[+-]\d\d:\d\d)$/i.test(value) ? calendar(value) : null;
}

/** RFC 3339 in UTC, as Go's RFC3339Nano: as many digits after the point as needed, none for a whole second. */
export function formatRfc3339Nano(nanoseconds: bigint): string {
  const seconds = nanoseconds / second - (nanoseconds % second < 0n ? 1n : 0n);
  const fraction = (nanoseconds - seconds * second).toString().padStart(9, "0").replace(/0+$/, "");
  const whole = new Date(Number(seconds) * 1000).toISOString().slice(0, 19);
  return `${whole}${fraction && `.${fraction}`}Z`;
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

const dateForm = /^(\d{4})-(\d\d)-(\d\d)(?:T(\d\d)(?::(\d\d)(?::(\d\d)(?:\.(\d+))?)?)?)?(Z|[+-]\d\d:\d\d)?$/i;

function calendar(value: string): bigint | null {
  const match = dateForm.exec(value);
  if (!match) return null;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, seconds = 0] = match.slice(1, 7).map((digits) => Number(digits ?? 0));
  const zone = match[8];
  const utc = Date.UTC(year, month - 1, day, hour, minute, seconds);
  const check = new Date(utc);
  if (check.getUTCMonth() !== month - 1 || check.getUTCDate() !== day || hour > 23 || minute > 59 || seconds > 59) return null;
  let milliseconds: number;
  if (zone === undefined) milliseconds = new Date(year, month - 1, day, hour, minute, seconds).getTime();
  else if (/^z$/i.test(zone)) milliseconds = utc;
  else milliseconds = utc - (zone.startsWith("-") ? -1 : 1) * (Number(zone.slice(1, 3)) * 60 + Number(zone.slice(4, 6))) * 60_000;
  return BigInt(milliseconds) * 1_000_000n + BigInt((match[7] ?? "").slice(0, 9).padEnd(9, "0"));
}
