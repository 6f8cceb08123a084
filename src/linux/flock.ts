import { check, cstr, errno, libc, ptr, SystemError } from "./syscall.ts";

const O_RDONLY = 0;
const O_RDWR = 2;
const O_CREAT = 0o100;
const O_CLOEXEC = 0o2000000;
const LOCK_SH = 1;
const LOCK_EX = 2;
const LOCK_NB = 4;
const EWOULDBLOCK = 11;

/**
 * Takes an advisory lock on a file that others may take as well, to keep away who wants it alone. The file is opened
 * for reading only. null where somebody has it alone.
 */
export function lockFileShared(path: string): Disposable | null {
  const name = cstr(path);
  const fd = check(libc.open(ptr(name), O_RDONLY | O_CLOEXEC, 0), "open", path);
  return lock(fd, LOCK_SH, path);
}

/**
 * Takes an advisory lock on a file, making it where there is none. It goes with the process, however that ends;
 * children do not inherit it. null where another process holds it.
 */
export function lockFile(path: string): Disposable | null {
  const name = cstr(path);
  const fd = check(libc.open(ptr(name), O_RDWR | O_CREAT | O_CLOEXEC, 0o600), "open", path);
  return lock(fd, LOCK_EX, path);
}

function lock(fd: number, kind: number, path: string): Disposable | null {
  if (libc.flock(fd, kind | LOCK_NB) === 0) return { [Symbol.dispose]: () => void libc.close(fd) };
  const code = errno();
  libc.close(fd);
  if (code === EWOULDBLOCK) return null;
  throw new SystemError("flock", code, path);
}
