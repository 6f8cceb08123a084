import { RegistryError } from "../errors.ts";
import type { ByteRange } from "../storage/storage.ts";

/**
 * One `Range: bytes=…` request against content of `size` bytes (RFC 9110). Undefined: answer with the whole, as for
 * units and lists of ranges that this server does not serve. Throws RANGE_INVALID (416) where nothing of it exists.
 */
export function parseRange(header: string | null, size: number): ByteRange | undefined {
  const match = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header?.trim() ?? "");
  if (!match) return undefined;
  const [, first = "", last = ""] = match;
  if (first === "" && last === "") return undefined;
  const start = first === "" ? Math.max(0, size - Number(last)) : Number(first);
  const end = first === "" || last === "" ? size - 1 : Math.min(Number(last), size - 1);
  if (first !== "" && last !== "" && Number(last) < Number(first)) return undefined;
  if (start >= size || end < start) {
    throw new RegistryError("RANGE_INVALID", `the range lies outside of the ${size} bytes`, {
      headers: { "Content-Range": `bytes */${size}` },
    });
  }
  return { start, end };
}

/**
 * `Content-Range` of an uploaded chunk: `0-1023`, which some clients write as `bytes 0-1023/*`. Throws RANGE_INVALID.
 */
export function parseContentRange(header: string | null): ByteRange | undefined {
  if (header === null) return undefined;
  const match = /^(?:bytes[ =])?\s*(\d{1,15})-(\d{1,15})(?:\/(?:\d{1,15}|\*))?$/.exec(header.trim());
  if (!match || Number(match[2]) < Number(match[1]))
    throw new RegistryError("RANGE_INVALID", "Content-Range is not of the form <first>-<last>", { status: 400 });
  return { start: Number(match[1]), end: Number(match[2]) };
}

/** True where `If-None-Match` names this content. */
export function matchesEtag(header: string | null, digest: string): boolean {
  if (header === null) return false;
  return header.split(",").some((part) => {
    const tag = part.trim().replace(/^W\//, "");
    return tag === "*" || tag === `"${digest}"` || tag === digest;
  });
}
