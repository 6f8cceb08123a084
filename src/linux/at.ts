import { encodeName } from "../lib/tar/names.ts";
import { check, errno, libc, ptr, SystemError } from "./syscall.ts";

/**
 * Files by directory descriptor: the `*at` calls, for trees that somebody hostile may write to. Names are those of
 * lib/tar/names.ts and mean the last component only, never followed. Numbers are descriptors that the caller closes.
 */
export const O = {
  RDONLY: 0,
  WRONLY: 1,
  RDWR: 2,
  CREAT: 0o100,
  EXCL: 0o200,
  TRUNC: 0o1000,
  NONBLOCK: 0o4000,
  NOFOLLOW: process.arch === "arm64" ? 0o100000 : 0o400000,
  DIRECTORY: process.arch === "arm64" ? 0o40000 : 0o200000,
  CLOEXEC: 0o2000000,
  PATH: 0o10000000,
} as const;

const AT_FDCWD = -100;
const AT_REMOVEDIR = 0x200;
const AT_SYMLINK_NOFOLLOW = 0x100;
const AT_EMPTY_PATH = 0x1000;
const ENOENT = 2;
const EINTR = 4;
const EAGAIN = 11;

/**
 * More names than any one call takes. A pointer keeps nothing alive: without this a name could be collected amid its
 * call.
 */
const names: Buffer[] = Array.from({ length: 16 }, () => Buffer.alloc(0));
let latest = 0;

/** A name for libc, good for the calls that follow at once. */
export function cname(name: string): Buffer {
  if (name.includes("\0")) throw new SystemError("path", 22, JSON.stringify(name));
  latest = (latest + 1) % names.length;
  return (names[latest] = encodeName(`${name}\0`));
}

/** close(2); errors are passed over. */
export function close(fd: number): void {
  libc.close(fd);
}

/** Opens a directory of ours by its absolute path; links are followed. */
export function openDir(path: string): number {
  return check(libc.open(ptr(cname(path)), O.RDONLY | O.DIRECTORY | O.CLOEXEC, 0), "open", path);
}

/** openat(2) with NOFOLLOW and CLOEXEC: ELOOP where the name is a link. The caller closes the descriptor. */
export function openAt(dir: number, name: string, flags: number, mode = 0): number {
  return check(libc.openat(dir, ptr(cname(name)), flags | O.NOFOLLOW | O.CLOEXEC, mode), "open", name);
}

const SYS_openat2 = 437;
const RESOLVE_NO_MAGICLINKS = 2;
const RESOLVE_IN_ROOT = 16;

/**
 * openat2(2): opens `path` with links and `..` resolved as if `root` were `/`. Every component is followed; for the
 * last one `flags` decide (add `O.NOFOLLOW`).
 */
export function openInRoot(root: number, path: string, flags: number): number {
  const how = new BigUint64Array([BigInt(flags | O.CLOEXEC), 0n, BigInt(RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS)]);
  const name = cname(path === "" ? "." : path);
  for (let attempt = 0; ; attempt++) {
    const fd = Number(libc.syscall(SYS_openat2, root, ptr(name), ptr(how), 24, 0, 0));
    if (fd >= 0) return fd;
    // EAGAIN: something was renamed during the walk.
    const code = errno();
    if (code !== EINTR && (code !== EAGAIN || attempt > 64)) throw new SystemError("open", code, path);
  }
}

const RESOLVE_NO_XDEV = 1;
const RESOLVE_NO_SYMLINKS = 4;

/** As {@link openAt}, but refuses (EXDEV) what another filesystem, or any mount, covers. */
export function openSameMount(dir: number, name: string, flags: number): number {
  const how = new BigUint64Array([
    BigInt(flags | O.NOFOLLOW | O.CLOEXEC),
    0n,
    BigInt(RESOLVE_NO_XDEV | RESOLVE_NO_SYMLINKS),
  ]);
  return check(libc.syscall(SYS_openat2, dir, ptr(cname(name)), ptr(how), 24, 0, 0), "open", name);
}

/** mkdirat(2); `mode` is cut by the umask. */
export function mkdirAt(dir: number, name: string, mode: number): void {
  check(libc.mkdirat(dir, ptr(cname(name)), mode), "mkdir", name);
}

/** `kind`: S_IFCHR, S_IFBLK or S_IFIFO. */
export function mknodAt(dir: number, name: string, kind: number, mode: number, major = 0, minor = 0): void {
  check(libc.mknodat(dir, ptr(cname(name)), kind | mode, makedev(major, minor)), "mknod", name);
}

/** symlinkat(2): `name` becomes a link that says `target`. */
export function symlinkAt(target: string, dir: number, name: string): void {
  check(libc.symlinkat(ptr(cname(target)), dir, ptr(cname(name))), "symlink", name);
}

/** linkat(2): `name` becomes another name of the file `from`; a link itself is linked, not followed. */
export function linkAt(fromDir: number, from: string, dir: number, name: string): void {
  check(libc.linkat(fromDir, ptr(cname(from)), dir, ptr(cname(name)), 0), "link", name);
}

const SYS_ioctl = process.arch === "arm64" ? 29 : 16;
const FICLONE = 0x40049409;

/** ioctl_ficlone(2): the content becomes that of `from`, in the same blocks. False where that cannot be. */
export function cloneFile(from: number, to: number): boolean {
  return Number(libc.syscall(SYS_ioctl, to, FICLONE, from, 0, 0, 0)) === 0;
}

const SYS_copy_file_range = process.arch === "arm64" ? 285 : 326;
/** Bytes that are copied in one call: it cannot be stopped. */
const RANGE = 64 << 20;
const EXDEV = 18;
const ENOSYS = 38;
const EINVAL = 22;
const EOPNOTSUPP = 95;

/**
 * Copies at most so many bytes from one file to the same place of another, within the kernel where it can. Returns how
 * many; 0 at the end.
 */
export function copyRange(from: number, to: number, at: number, length: number): number {
  const [input, output] = [BigInt64Array.of(BigInt(at)), BigInt64Array.of(BigInt(at))];
  const bytes = Math.min(length, RANGE);
  const copied = Number(libc.syscall(SYS_copy_file_range, from, ptr(input), to, ptr(output), bytes, 0));
  if (copied >= 0) return copied;
  const code = errno();
  if (code === EINTR) return copyRange(from, to, at, length);
  // Between some filesystems, and on old kernels between any.
  if (![EXDEV, ENOSYS, EINVAL, EOPNOTSUPP].includes(code)) throw new SystemError("copy_file_range", code);
  const block = new Uint8Array(Math.min(length, 512 * 1024));
  check(libc.lseek64(from, at, 0), "lseek");
  const got = readInto(from, block);
  if (got > 0) writeAll(to, block.subarray(0, got), at);
  return got;
}

/** Whether files in this directory can have blocks in common. */
export function clonesWork(directory: string): boolean {
  const [from, to] = [1, 2].map((n) => `.clone-${process.pid}-${n}`);
  const dir = openDir(directory);
  try {
    const files = [from, to].map((name) => openAt(dir, name ?? "", O.RDWR | O.CREAT | O.TRUNC, 0o600));
    const [input = -1, output = -1] = files;
    writeAll(input, new Uint8Array(4096), 0);
    const works = cloneFile(input, output);
    for (const fd of files) close(fd);
    return works;
  } finally {
    for (const name of [from, to]) unlinkAt(dir, name ?? "");
    close(dir);
  }
}

/** readlinkat(2): what a link says, as bytes. */
export function readlinkAt(dir: number, name: string): Buffer {
  const buffer = Buffer.allocUnsafe(4097);
  const length = check(libc.readlinkat(dir, ptr(cname(name)), ptr(buffer), buffer.length), "readlink", name);
  return buffer.subarray(0, length);
}

/** False where there was nothing. */
export function unlinkAt(dir: number, name: string, directory = false): boolean {
  if (libc.unlinkat(dir, ptr(cname(name)), directory ? AT_REMOVEDIR : 0) === 0) return true;
  const code = errno();
  if (code === ENOENT) return false;
  throw new SystemError(directory ? "rmdir" : "unlink", code, name);
}

/** Owner of the thing itself, not of what a link points to. */
export function chownAt(dir: number, name: string, uid: number, gid: number): void {
  check(libc.fchownat(dir, ptr(cname(name)), uid, gid, AT_SYMLINK_NOFOLLOW), "chown", name);
}

/** Follows links: only for what the caller has just made and knows to be none. */
export function chmodAt(dir: number, name: string, mode: number): void {
  check(libc.fchmodat(dir, ptr(cname(name)), mode, 0), "chmod", name);
}

const times = new BigInt64Array(4);

function setTimes(seconds: number, nanos: number): void {
  times[0] = times[2] = BigInt(seconds);
  times[1] = times[3] = BigInt(nanos);
}

/** Access and modification time of the thing itself. */
export function utimeAt(dir: number, name: string, seconds: number, nanos: number): void {
  setTimes(seconds, nanos);
  check(libc.utimensat(dir, ptr(cname(name)), ptr(times), AT_SYMLINK_NOFOLLOW), "utimensat", name);
}

/** As {@link utimeAt}, of an open file. */
export function utimeFd(fd: number, seconds: number, nanos: number): void {
  setTimes(seconds, nanos);
  check(libc.futimens(fd, ptr(times)), "futimens");
}

/** Writes all of it at an offset. */
export function writeAll(fd: number, chunk: Uint8Array, offset: number): void {
  for (let done = 0; done < chunk.length; ) {
    const rest = done === 0 ? chunk : chunk.subarray(done);
    const written = Number(libc.pwrite64(fd, ptr(rest), rest.length, offset + done));
    if (written < 0) {
      const code = errno();
      if (code !== EINTR) throw new SystemError("write", code);
    } else done += written;
  }
}

/** Bytes read, 0 at the end. */
export function readInto(fd: number, buffer: Uint8Array): number {
  for (;;) {
    const got = Number(libc.read(fd, ptr(buffer), buffer.length));
    if (got >= 0) return got;
    const code = errno();
    if (code !== EINTR) throw new SystemError("read", code);
  }
}

/** As {@link readInto}, from an offset. */
export function readAt(fd: number, buffer: Uint8Array, offset: number): number {
  for (;;) {
    const got = Number(libc.pread64(fd, ptr(buffer), buffer.length, offset));
    if (got >= 0) return got;
    const code = errno();
    if (code !== EINTR) throw new SystemError("read", code);
  }
}

/** The part of a mode that tells the type of a file: `IFMT` masks it; see inode(7). */
export const S = {
  IFMT: 0o170000,
  IFSOCK: 0o140000,
  IFLNK: 0o120000,
  IFREG: 0o100000,
  IFBLK: 0o060000,
  IFDIR: 0o040000,
  IFCHR: 0o020000,
  IFIFO: 0o010000,
} as const;

/** What statx(2) tells of a file. `size` in bytes; `mtime` in seconds since 1970, `mtimeNanos` what is to be added. */
export interface Stat {
  /** Type and permission bits. */
  mode: number;
  uid: number;
  gid: number;
  nlink: number;
  size: number;
  /** 512-byte blocks that it takes. */
  blocks: number;
  mtime: number;
  mtimeNanos: number;
  rdevMajor: number;
  rdevMinor: number;
  /** `major:minor` of the filesystem. */
  dev: string;
  ino: bigint;
}

/** lstat by name; undefined where there is nothing. An empty name is the directory itself. */
export function statAt(dir: number, name: string): Stat | undefined {
  const buffer = Buffer.allocUnsafe(256);
  const STATX_BASIC_STATS = 0x7ff;
  if (libc.statx(dir, ptr(cname(name)), AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH, STATX_BASIC_STATS, ptr(buffer)) < 0) {
    const code = errno();
    if (code === ENOENT) return undefined;
    throw new SystemError("stat", code, name);
  }
  // struct statx, statx(2): the same on every architecture.
  return {
    nlink: buffer.readUInt32LE(16),
    uid: buffer.readUInt32LE(20),
    gid: buffer.readUInt32LE(24),
    mode: buffer.readUInt16LE(28),
    ino: buffer.readBigUInt64LE(32),
    size: Number(buffer.readBigUInt64LE(40)),
    blocks: Number(buffer.readBigUInt64LE(48)),
    mtime: Number(buffer.readBigInt64LE(112)),
    mtimeNanos: buffer.readUInt32LE(120),
    rdevMajor: buffer.readUInt32LE(128),
    rdevMinor: buffer.readUInt32LE(132),
    dev: `${buffer.readUInt32LE(136)}:${buffer.readUInt32LE(140)}`,
  };
}

/** True where something is mounted at this very path. */
export function isMountPoint(path: string): boolean {
  const buffer = Buffer.allocUnsafe(256);
  if (libc.statx(AT_FDCWD, ptr(cname(path)), AT_SYMLINK_NOFOLLOW, 0, ptr(buffer)) < 0) return false;
  const STATX_ATTR_MOUNT_ROOT = 0x2000n;
  return (buffer.readBigUInt64LE(8) & STATX_ATTR_MOUNT_ROOT) !== 0n;
}

/** Tells mounts apart: links lead from one file to another within one of them. 0 where the kernel does not say. */
export function mountId(path: string): bigint {
  const buffer = Buffer.alloc(256);
  const STATX_MNT_ID = 0x1000;
  check(libc.statx(AT_FDCWD, ptr(cname(path)), 0, STATX_MNT_ID, ptr(buffer)), "stat", path);
  return buffer.readBigUInt64LE(144);
}

/** For {@link listDir}, which is done with it when it returns. */
const directoryBlock = Buffer.alloc(64 * 1024);

/** Names in an open directory, `.` and `..` left out, in no order. Reads from where the descriptor stands. */
export function listDir(fd: number, decode: (bytes: Uint8Array) => string): string[] {
  const names: string[] = [];
  const buffer = directoryBlock;
  for (;;) {
    const got = check(libc.getdents64(fd, ptr(buffer), buffer.length), "getdents64");
    if (got === 0) return names;
    // struct linux_dirent64: ino 8, off 8, reclen 2, type 1, name.
    for (let at = 0; at < got; at += buffer.readUInt16LE(at + 16)) {
      const start = at + 19;
      const name = decode(buffer.subarray(start, buffer.indexOf(0, start)));
      if (name !== "." && name !== "..") names.push(name);
    }
  }
}

function makedev(major: number, minor: number): bigint {
  const [a, b] = [BigInt(major), BigInt(minor)];
  return (b & 0xffn) | ((a & 0xfffn) << 8n) | ((b & ~0xffn) << 12n) | ((a & ~0xfffn) << 32n);
}
