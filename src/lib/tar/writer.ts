import { BLOCK, type EntryType, type TarEntry } from "./entry.ts";
import { encodeName } from "./names.ts";
import { formatPax } from "./pax.ts";

/**
 * Writes headers: ustar where everything fits, with a PAX extended header before it where not. Equal entries give
 * equal bytes, for ever: the digests of committed layers rest on it (test: "golden bytes").
 * A member is `encodeHeader(entry)`, the content, `padding(size)`; the archive ends with `endOfArchive()`.
 */
export function encodeHeader(entry: TarEntry): Buffer {
  const pax = new Map<string, Buffer | string>();
  const slash = entry.type === "directory" && !entry.name.endsWith("/") ? "/" : "";
  const name = encodeName(entry.name + slash);
  const linkName = encodeName(entry.linkName);
  const split = splitName(name);
  if (!split) pax.set("path", name);
  if (linkName.length > 100 || !isAscii(linkName)) pax.set("linkpath", linkName);
  if (entry.uid > 0o7777777) pax.set("uid", String(entry.uid));
  if (entry.gid > 0o7777777) pax.set("gid", String(entry.gid));
  if (encodeName(entry.uname).length > 32 || !isAscii(encodeName(entry.uname))) pax.set("uname", entry.uname);
  if (encodeName(entry.gname).length > 32 || !isAscii(encodeName(entry.gname))) pax.set("gname", entry.gname);
  if (entry.size > 0o77777777777) pax.set("size", String(entry.size));
  if (entry.mtimeNanos !== 0 || entry.mtime < 0 || entry.mtime > 0o77777777777) pax.set("mtime", formatTime(entry));
  for (const [key, value] of entry.xattrs ?? []) pax.set(`SCHILY.xattr.${key}`, Buffer.from(value));

  const main = block(
    entry,
    typeflags[entry.type],
    split ?? { prefix: Buffer.alloc(0), name: asciiTail(name) },
    linkName,
  );
  if (pax.size === 0) return main;
  const body = formatPax(pax);
  const head = block(
    { ...entry, mode: 0, uid: 0, gid: 0, uname: "", gname: "", size: body.length, mtime: 0, devMajor: 0, devMinor: 0 },
    "x",
    { prefix: Buffer.alloc(0), name: Buffer.concat([Buffer.from("PaxHeaders.0/"), asciiTail(name).subarray(-87)]) },
    Buffer.alloc(0),
  );
  return Buffer.concat([head, body, padding(body.length), main]);
}

const zeros = Buffer.alloc(2 * BLOCK);

/** Zeros up to the next block after a content of `size` bytes. */
export function padding(size: number): Uint8Array {
  return zeros.subarray(0, (BLOCK - (size % BLOCK)) % BLOCK);
}

/** The blocks of zeros that end an archive. */
export function endOfArchive(): Uint8Array {
  return zeros;
}

const typeflags: Record<EntryType, string> = {
  file: "0",
  link: "1",
  symlink: "2",
  char: "3",
  block: "4",
  directory: "5",
  fifo: "6",
};

function block(entry: TarEntry, typeflag: string, name: { prefix: Buffer; name: Buffer }, linkName: Buffer): Buffer {
  const b = Buffer.alloc(BLOCK);
  name.name.copy(b, 0, 0, 100);
  octal(b, 100, 8, entry.mode);
  octal(b, 108, 8, entry.uid > 0o7777777 ? 0 : entry.uid);
  octal(b, 116, 8, entry.gid > 0o7777777 ? 0 : entry.gid);
  octal(b, 124, 12, entry.size > 0o77777777777 ? 0 : entry.size);
  octal(b, 136, 12, entry.mtime < 0 || entry.mtime > 0o77777777777 ? 0 : entry.mtime);
  b.write(typeflag, 156, "latin1");
  if (linkName.length <= 100 && isAscii(linkName)) linkName.copy(b, 157);
  b.write("ustar\x0000", 257, "latin1");
  const [uname, gname] = [encodeName(entry.uname), encodeName(entry.gname)];
  if (uname.length <= 32 && isAscii(uname)) uname.copy(b, 265);
  if (gname.length <= 32 && isAscii(gname)) gname.copy(b, 297);
  octal(b, 329, 8, entry.devMajor);
  octal(b, 337, 8, entry.devMinor);
  name.prefix.copy(b, 345, 0, 155);
  let sum = 8 * 32;
  for (let i = 0; i < BLOCK; i++) sum += b[i]!;
  b.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148, "latin1");
  return b;
}

function octal(b: Buffer, offset: number, length: number, value: number): void {
  b.write(value.toString(8).padStart(length - 1, "0"), offset, length - 1, "latin1");
}

/** A name in ustar's two fields; undefined where it does not fit or is not ASCII. */
function splitName(name: Buffer): { prefix: Buffer; name: Buffer } | undefined {
  if (!isAscii(name)) return undefined;
  if (name.length <= 100) return { prefix: Buffer.alloc(0), name };
  if (name.length > 256) return undefined;
  // The slash between them is in neither; it must not be the one at a directory's end.
  const at = name.lastIndexOf(47, Math.min(155, name.length - 2));
  if (at <= 0 || name.length - at - 1 > 100) return undefined;
  return { prefix: name.subarray(0, at), name: name.subarray(at + 1) };
}

/** Something readable for tools that do not know PAX. */
function asciiTail(name: Buffer): Buffer {
  return Buffer.from(name.map((byte) => (byte < 128 ? byte : 95))).subarray(-100);
}

function isAscii(bytes: Uint8Array): boolean {
  for (let i = 0; i < bytes.length; i++) if (bytes[i]! > 127) return false;
  return true;
}

function formatTime(entry: TarEntry): string {
  const { mtime, mtimeNanos } = entry;
  if (mtimeNanos === 0) return String(mtime);
  const [whole, nanos] = mtime < 0 ? [-(mtime + 1), 1e9 - mtimeNanos] : [mtime, mtimeNanos];
  return `${mtime < 0 ? "-" : ""}${whole}.${String(nanos).padStart(9, "0").replace(/0+$/, "")}`;
}
