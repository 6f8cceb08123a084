/**
 * The only file that loads native code: libc through `bun:ffi`. Every call here is synchronous and runs on
 * the calling thread. Wrappers with domain names live in the other files of `linux/`.
 */
import { CString, dlopen, FFIType, type Pointer, ptr, read } from "bun:ffi";

const { i32, u32, i64, u64, pointer: p } = FFIType;

const libc = dlopen("libc.so.6", {
  __errno_location: { args: [], returns: p },
  strerror: { args: [i32], returns: p },
  syscall: { args: [i64, u64, u64, u64, u64, u64, u64], returns: i64 },
  mount: { args: [p, p, p, u64, p], returns: i32 },
  umount2: { args: [p, i32], returns: i32 },
  setns: { args: [i32, i32], returns: i32 },
  unshare: { args: [i32], returns: i32 },
  open: { args: [p, i32, u32], returns: i32 },
  openat: { args: [i32, p, i32, u32], returns: i32 },
  close: { args: [i32], returns: i32 },
  read: { args: [i32, p, u64], returns: i64 },
  write: { args: [i32, p, u64], returns: i64 },
  poll: { args: [p, u64, i32], returns: i32 },
  ioctl: { args: [i32, u64, p], returns: i32 },
  fcntl: { args: [i32, i32, u64], returns: i32 },
  clock_gettime: { args: [i32, p], returns: i32 },
  inotify_init1: { args: [i32], returns: i32 },
  inotify_add_watch: { args: [i32, p, u32], returns: i32 },
  inotify_rm_watch: { args: [i32, i32], returns: i32 },
  flock: { args: [i32, i32], returns: i32 },
  socket: { args: [i32, i32, i32], returns: i32 },
  socketpair: { args: [i32, i32, i32, p], returns: i32 },
  connect: { args: [i32, p, u32], returns: i32 },
  bind: { args: [i32, p, u32], returns: i32 },
  listen: { args: [i32, i32], returns: i32 },
  getsockname: { args: [i32, p, p], returns: i32 },
  send: { args: [i32, p, u64, i32], returns: i64 },
  sendto: { args: [i32, p, u64, i32, p, u32], returns: i64 },
  recv: { args: [i32, p, u64, i32], returns: i64 },
  setsockopt: { args: [i32, i32, i32, p, u32], returns: i32 },
  shutdown: { args: [i32, i32], returns: i32 },
  mkdirat: { args: [i32, p, u32], returns: i32 },
  mknodat: { args: [i32, p, u32, u64], returns: i32 },
  symlinkat: { args: [p, i32, p], returns: i32 },
  linkat: { args: [i32, p, i32, p, i32], returns: i32 },
  unlinkat: { args: [i32, p, i32], returns: i32 },
  readlinkat: { args: [i32, p, p, u64], returns: i64 },
  fchmod: { args: [i32, u32], returns: i32 },
  fchmodat: { args: [i32, p, u32, i32], returns: i32 },
  fchown: { args: [i32, u32, u32], returns: i32 },
  fchownat: { args: [i32, p, u32, u32, i32], returns: i32 },
  utimensat: { args: [i32, p, p, i32], returns: i32 },
  futimens: { args: [i32, p], returns: i32 },
  fgetxattr: { args: [i32, p, p, u64], returns: i64 },
  fsetxattr: { args: [i32, p, p, u64, i32], returns: i32 },
  lgetxattr: { args: [p, p, p, u64], returns: i64 },
  lsetxattr: { args: [p, p, p, u64, i32], returns: i32 },
  llistxattr: { args: [p, p, u64], returns: i64 },
  flistxattr: { args: [i32, p, u64], returns: i64 },
  statx: { args: [i32, p, i32, u32, p], returns: i32 },
  getdents64: { args: [i32, p, u64], returns: i64 },
  pread64: { args: [i32, p, u64, i64], returns: i64 },
  pwrite64: { args: [i32, p, u64, i64], returns: i64 },
  ftruncate64: { args: [i32, i64], returns: i32 },
  syncfs: { args: [i32], returns: i32 },
  lseek64: { args: [i32, i64, i32], returns: i64 },
  statfs: { args: [p, p], returns: i32 },
  getrlimit: { args: [i32, p], returns: i32 },
  prlimit64: { args: [i32, i32, p, p], returns: i32 },
}).symbols;

export type { Pointer };
export { libc, ptr, read };

/** A failed system call: `errno` as in errno(3), `code` its name (`ENOENT`), `syscall` what was tried. */
export class SystemError extends Error {
  override readonly name = "SystemError";
  constructor(
    readonly syscall: string,
    readonly errno: number,
    detail = "",
  ) {
    super(`${syscall}${detail && ` ${detail}`}: ${errnoText(errno)}`);
  }
  get code(): string {
    return errnoNames[this.errno] ?? `E${this.errno}`;
  }
}

/** errno of the call just made on this thread; read it before anything else runs. */
export function errno(): number {
  const location = libc.__errno_location();
  return location === null ? 0 : read.i32(location, 0);
}

function errnoText(code: number): string {
  const text = libc.strerror(code);
  return text === null ? `errno ${code}` : new CString(text).toString().toLowerCase();
}

/** Passes a result through, or throws {@link SystemError} where it is negative. */
export function check(result: number | bigint, syscall: string, detail = ""): number {
  if (Number(result) < 0) throw new SystemError(syscall, errno(), detail);
  return Number(result);
}

/** A NUL-terminated string for libc. Keep the buffer referenced for the length of the call. */
export function cstr(text: string): Buffer {
  return Buffer.from(`${text}\0`);
}

const errnoNames: Record<number, string> = {
  1: "EPERM",
  2: "ENOENT",
  3: "ESRCH",
  4: "EINTR",
  5: "EIO",
  6: "ENXIO",
  9: "EBADF",
  11: "EAGAIN",
  12: "ENOMEM",
  13: "EACCES",
  16: "EBUSY",
  17: "EEXIST",
  18: "EXDEV",
  19: "ENODEV",
  20: "ENOTDIR",
  21: "EISDIR",
  22: "EINVAL",
  24: "EMFILE",
  26: "ETXTBSY",
  27: "EFBIG",
  28: "ENOSPC",
  30: "EROFS",
  31: "EMLINK",
  32: "EPIPE",
  34: "ERANGE",
  36: "ENAMETOOLONG",
  38: "ENOSYS",
  39: "ENOTEMPTY",
  40: "ELOOP",
  61: "ENODATA",
  75: "EOVERFLOW",
  95: "EOPNOTSUPP",
  98: "EADDRINUSE",
  99: "EADDRNOTAVAIL",
  101: "ENETUNREACH",
  104: "ECONNRESET",
  105: "ENOBUFS",
  110: "ETIMEDOUT",
  111: "ECONNREFUSED",
  113: "EHOSTUNREACH",
  122: "EDQUOT",
};
