import { BLOCK, TarError } from "./entry.ts";
import { decodeName } from "./names.ts";

/**
 * The 512-byte header block. Layouts: POSIX.1-1988 ustar, GNU (magic `ustar  `, no prefix field), star (prefix of 131)
 * and the unmarked V7 format. Reference: pax(1), tar(5).
 */
export type BlockFormat = "v7" | "ustar" | "gnu" | "star";

/**
 * The fields of one header block, as written: `size` in bytes, `mtime` in seconds since 1970, `typeflag` one character.
 */
export interface RawHeader {
  format: BlockFormat;
  name: string;
  mode: number;
  uid: number;
  gid: number;
  size: number;
  mtime: number;
  typeflag: string;
  linkName: string;
  uname: string;
  gname: string;
  devMajor: number;
  devMinor: number;
}

/** Whether the block is all zeros: two of them end an archive. */
export function isZeroBlock(block: Uint8Array): boolean {
  for (let i = 0; i < BLOCK; i++) if (block[i] !== 0) return false;
  return true;
}

/** Throws `archive/tar: invalid tar header` where the checksum or a number is wrong. */
export function parseBlock(block: Uint8Array): RawHeader {
  verifyChecksum(block);
  const format = formatOf(block);
  const raw: RawHeader = {
    format,
    name: text(block, 0, 100),
    mode: number(block, 100, 8),
    uid: number(block, 108, 8),
    gid: number(block, 116, 8),
    size: number(block, 124, 12),
    mtime: number(block, 136, 12),
    typeflag: String.fromCharCode(block[156]!),
    linkName: text(block, 157, 100),
    uname: "",
    gname: "",
    devMajor: 0,
    devMinor: 0,
  };
  if (raw.size < 0) throw headerError();
  if (format === "v7") return raw;
  raw.uname = text(block, 265, 32);
  raw.gname = text(block, 297, 32);
  raw.devMajor = number(block, 329, 8);
  raw.devMinor = number(block, 337, 8);
  const prefix = format === "ustar" ? text(block, 345, 155) : format === "star" ? text(block, 345, 131) : "";
  if (prefix) raw.name = `${prefix}/${raw.name}`;
  return raw;
}

/** What a broken header is refused with, in Go's words. */
export function headerError(): TarError {
  return new TarError("archive/tar: invalid tar header");
}

function formatOf(block: Uint8Array): BlockFormat {
  const magic = String.fromCharCode(...block.subarray(257, 265));
  if (magic === "ustar  \0") return "gnu";
  if (!magic.startsWith("ustar\0")) return "v7";
  return String.fromCharCode(...block.subarray(508, 512)) === "tar\0" ? "star" : "ustar";
}

/** Old writers summed signed bytes: both sums are accepted. */
function verifyChecksum(block: Uint8Array): void {
  let unsigned = 0;
  let signed = 0;
  for (let i = 0; i < BLOCK; i++) {
    const byte = i >= 148 && i < 156 ? 32 : block[i]!;
    unsigned += byte;
    signed += byte < 128 ? byte : byte - 256;
  }
  const stated = number(block, 148, 8);
  if (stated !== unsigned && stated !== signed) throw headerError();
}

/** A NUL-terminated string in a field. */
function text(block: Uint8Array, offset: number, length: number): string {
  const field = block.subarray(offset, offset + length);
  const end = field.indexOf(0);
  return decodeName(end < 0 ? field : field.subarray(0, end));
}

/** A number in octal, or in base 256 where the first bit is set (GNU, star). */
export function number(block: Uint8Array, offset: number, length: number): number {
  const first = block[offset]!;
  if (first & 0x80) return base256(block, offset, length);
  let value = 0;
  let at = offset;
  const end = offset + length;
  while (at < end && (block[at] === 32 || block[at] === 0)) at++;
  for (; at < end; at++) {
    const byte = block[at]!;
    if (byte === 32 || byte === 0) break;
    if (byte < 48 || byte > 55) throw headerError();
    value = value * 8 + byte - 48;
  }
  return value;
}

function base256(block: Uint8Array, offset: number, length: number): number {
  const negative = (block[offset]! & 0x40) !== 0;
  let value = BigInt(block[offset]! & 0x3f);
  for (let i = offset + 1; i < offset + length; i++) value = (value << 8n) | BigInt(block[i]!);
  if (negative) value -= 1n << BigInt(8 * length - 2);
  if (value > BigInt(Number.MAX_SAFE_INTEGER) || value < BigInt(Number.MIN_SAFE_INTEGER)) throw headerError();
  return Number(value);
}
