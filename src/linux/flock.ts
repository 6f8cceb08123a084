import { check, cstr, errno, libc, ptr, SystemError } from "./syscall.ts";

const O_RDWR = 2;
const O_CREAT = 0o100;
const O_CLOEXEC = 0o2000000;
const LOCK_EX = 2;
const LOCK_NB = 4;
const EWOULDBLOCK = 11;

/**
 * Takes an advisory lock on a file, making it where there is none. It goes with the process, however that ends;
 * children do not inherit it. null where another process holds it.
 */
export function lockFile(path: string): Disposable | null {
  const name = cstr(path);
  const fd = check(libc.open(ptr(name), O_RDWR | O_CREAT | O_CLOEXEC, 0o600), "open", path);
  if (libc.flock(fd, LOCK_EX | LOCK_NB) === 0) return { [Symbol.dispose]: () => void libc.close(fd) };
  const code = errno();
  libc.close(fd);
  if (code === EWOULDBLOCK) return null;
  throw new SystemError("flock", code, path);
}
