import { decodeName } from "../lib/tar/names.ts";
import { cname } from "./at.ts";
import { errno, libc, ptr, SystemError } from "./syscall.ts";

/** Extended attributes. Names are full (`security.capability`). */
const ERANGE = 34;
const ENODATA = 61;
const EOPNOTSUPP = 95;

/** Of a thing reached by path, itself (links are not followed at the end). Empty where the filesystem has none. */
export function listXattrs(path: string): string[] {
  const name = cname(path);
  return readGrowing("llistxattr", (buffer) => libc.llistxattr(ptr(name), ptr(buffer), buffer.length), split) ?? [];
}

/** One attribute of a thing reached by path, links not followed; undefined where it has none. */
export function getXattr(path: string, key: string): Uint8Array | undefined {
  const [name, attribute] = [cname(path), cname(key)];
  return readGrowing(
    "lgetxattr",
    (buffer) => libc.lgetxattr(ptr(name), ptr(attribute), ptr(buffer), buffer.length),
    (bytes) => new Uint8Array(bytes),
  );
}

/** As {@link listXattrs}, of an open file. */
export function listXattrsFd(fd: number): string[] {
  return readGrowing("flistxattr", (buffer) => libc.flistxattr(fd, ptr(buffer), buffer.length), split) ?? [];
}

/** As {@link getXattr}, of an open file. */
export function getXattrFd(fd: number, key: string): Uint8Array | undefined {
  const attribute = cname(key);
  return readGrowing(
    "fgetxattr",
    (buffer) => libc.fgetxattr(fd, ptr(attribute), ptr(buffer), buffer.length),
    (bytes) => new Uint8Array(bytes),
  );
}

/** False where the filesystem does not carry such attributes. */
export function setXattr(path: string, key: string, value: Uint8Array): boolean {
  return settle("lsetxattr", key, libc.lsetxattr(ptr(cname(path)), ptr(cname(key)), ptr(some(value)), value.length, 0));
}

/** As {@link setXattr}, of an open file. */
export function setXattrFd(fd: number, key: string, value: Uint8Array): boolean {
  return settle("fsetxattr", key, libc.fsetxattr(fd, ptr(cname(key)), ptr(some(value)), value.length, 0));
}

/** The address of an empty array is null, which the kernel refuses in some calls. */
function some(value: Uint8Array): Uint8Array {
  return value.length > 0 ? value : new Uint8Array(1);
}

function settle(call: string, key: string, result: number): boolean {
  if (result === 0) return true;
  const code = errno();
  if (code === EOPNOTSUPP) return false;
  throw new SystemError(call, code, key);
}

function split(bytes: Buffer): string[] {
  const names: string[] = [];
  for (let at = 0; at < bytes.length; ) {
    const end = bytes.indexOf(0, at);
    names.push(decodeName(bytes.subarray(at, end)));
    at = end + 1;
  }
  return names;
}

/** Attributes are at most 64 KiB; almost all fit the first buffer. */
function readGrowing<T>(
  call: string,
  attempt: (buffer: Buffer) => number | bigint,
  take: (bytes: Buffer) => T,
): T | undefined {
  for (const size of [512, 65536 + 1]) {
    const buffer = Buffer.allocUnsafe(size);
    const got = Number(attempt(buffer));
    if (got >= 0) return take(buffer.subarray(0, got));
    const code = errno();
    if (code === ENODATA || code === EOPNOTSUPP) return undefined;
    if (code !== ERANGE || size > 512) throw new SystemError(call, code);
  }
  return undefined;
}
