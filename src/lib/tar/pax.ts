import { TarError } from "./entry.ts";
import { decodeName, encodeName } from "./names.ts";

/** Records of a PAX extended header: values are bytes, since extended attributes are. */
export type PaxRecords = Map<string, Uint8Array>;

const broken = () => new TarError("archive/tar: invalid tar header");

/** Parses `LENGTH KEY=VALUE\n` records into `into`; an empty value takes the key away, as the standard says. */
export function parsePax(bytes: Uint8Array, into: PaxRecords): void {
  const sparse: string[] = [];
  let at = 0;
  while (at < bytes.length) {
    let length = 0;
    let cursor = at;
    for (; cursor < bytes.length && bytes[cursor] !== 32; cursor++) {
      const digit = bytes[cursor]! - 48;
      if (digit < 0 || digit > 9 || cursor - at > 9) throw broken();
      length = length * 10 + digit;
    }
    const end = at + length;
    if (cursor === at || length < 5 || end > bytes.length || bytes[end - 1] !== 10) throw broken();
    const equals = bytes.indexOf(61, cursor);
    if (equals < 0 || equals >= end - 1 || equals === cursor + 1) throw broken();
    const key = decodeName(bytes.subarray(cursor + 1, equals));
    // A copy: the bytes belong to a buffer that will be written over.
    const value = bytes.slice(equals + 1, end - 1);
    if (key.includes("\0")) throw broken();
    // Sparse format 0.0 repeats two keys; folded here into the one that 0.1 has.
    if (key === "GNU.sparse.offset" || key === "GNU.sparse.numbytes") sparse.push(decodeName(value));
    else if (value.length === 0 && !key.startsWith("SCHILY.xattr.")) into.delete(key);
    else into.set(key, value);
    at = end;
  }
  if (sparse.length > 0) into.set("GNU.sparse.map", Buffer.from(sparse.join(",")));
}

/** The text of a record; undefined where it is missing. Throws where it holds a zero byte. */
export function paxText(records: PaxRecords, key: string): string | undefined {
  const value = records.get(key);
  if (value === undefined) return undefined;
  if (value.includes(0)) throw broken();
  return decodeName(value);
}

/** A decimal integer; throws where it is none or too big. */
export function paxInteger(records: PaxRecords, key: string): number | undefined {
  const value = paxText(records, key);
  if (value === undefined) return undefined;
  if (!/^-?\d+$/.test(value)) throw broken();
  const number = Number(value);
  if (!Number.isSafeInteger(number)) throw broken();
  return number;
}

/** A time: seconds with an optional fraction, rounded towards the past, as nanoseconds count upward. */
export function paxTime(records: PaxRecords, key: string): { seconds: number; nanos: number } | undefined {
  const value = paxText(records, key);
  if (value === undefined) return undefined;
  const match = /^(-?)(\d+)(?:\.(\d*))?$/.exec(value);
  if (!match) throw broken();
  const seconds = Number(match[2]);
  const nanos = Number((match[3] ?? "").slice(0, 9).padEnd(9, "0"));
  if (!Number.isSafeInteger(seconds)) throw broken();
  if (!match[1]) return { seconds, nanos };
  return nanos === 0
    ? { seconds: seconds === 0 ? 0 : -seconds, nanos: 0 }
    : { seconds: -seconds - 1, nanos: 1e9 - nanos };
}

/** The body of an extended header, keys sorted so that equal records give equal bytes. */
export function formatPax(records: ReadonlyMap<string, Uint8Array | string>): Buffer {
  const parts: Buffer[] = [];
  for (const key of [...records.keys()].sort()) {
    const given = records.get(key)!;
    const value = typeof given === "string" ? encodeName(given) : given;
    const body = Buffer.concat([Buffer.from(" "), encodeName(key), Buffer.from("="), value, Buffer.from("\n")]);
    let length = body.length + 1;
    while (String(length).length + body.length !== length) length = String(length).length + body.length;
    parts.push(Buffer.from(String(length)), body);
  }
  return Buffer.concat(parts);
}
