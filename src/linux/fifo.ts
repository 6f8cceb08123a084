import { cstr, errno, libc, ptr, SystemError } from "./syscall.ts";

const O_WRONLY = 1;
const O_NONBLOCK = 0o4000;
const O_CLOEXEC = 0o2000000;
const EAGAIN = 11;
const ENXIO = 6;

/** The writing end of a named pipe. */
export class FifoWriter implements Disposable {
  #open = true;

  private constructor(private readonly fd: number) {}

  /** Null where nobody reads it yet. Throws `SystemError`. */
  static open(path: string): FifoWriter | null {
    const name = cstr(path);
    const fd = libc.open(ptr(name), O_WRONLY | O_NONBLOCK | O_CLOEXEC, 0);
    if (fd >= 0) return new FifoWriter(fd);
    const code = errno();
    if (code === ENXIO) return null;
    throw new SystemError("open", code, path);
  }

  /** Bytes that the pipe has taken; 0 where it is full. Throws `SystemError`: EPIPE where its reader has gone. */
  write(data: Uint8Array): number {
    if (!this.#open) throw new Error("the pipe is closed");
    const written = Number(libc.write(this.fd, ptr(data), data.length));
    if (written >= 0) return written;
    const code = errno();
    if (code === EAGAIN) return 0;
    throw new SystemError("write", code);
  }

  [Symbol.dispose](): void {
    if (this.#open) libc.close(this.fd);
    this.#open = false;
  }
}
