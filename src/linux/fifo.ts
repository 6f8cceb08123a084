import { fstatSync } from "node:fs";
import { close, O } from "./at.ts";
import { cstr, errno, libc, ptr, SystemError } from "./syscall.ts";

const EAGAIN = 11;
const ENXIO = 6;

/** The writing end of a named pipe. */
export class FifoWriter implements Disposable {
  #open = true;

  private constructor(private readonly fd: number) {}

  /** Null where nobody reads it yet. Throws `SystemError`, and where something else lies in the pipe's place. */
  static open(path: string): FifoWriter | null {
    // Looked at before it is opened: whoever may write to the folder may put a link or a device there.
    const found = openFile(path, O.PATH | O.NOFOLLOW);
    if (found < 0) throw new SystemError("open", errno(), path);
    try {
      if (!fstatSync(found).isFIFO()) throw new Error(`${path} is no pipe`);
      const fd = openFile(`/proc/self/fd/${found}`, O.WRONLY | O.NONBLOCK);
      if (fd >= 0) return new FifoWriter(fd);
      const code = errno();
      if (code === ENXIO) return null;
      throw new SystemError("open", code, path);
    } finally {
      close(found);
    }
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

function openFile(path: string, flags: number): number {
  const name = cstr(path);
  return libc.open(ptr(name), flags | O.CLOEXEC, 0);
}
