import { check, errno, libc, ptr, SystemError } from "./syscall.ts";

const AF_UNIX = 1;
const SOCK_DGRAM = 2;
const SOCK_NONBLOCK = 0o4000;
const SOCK_CLOEXEC = 0o2000000;
const MSG_NOSIGNAL = 0x4000;
const EAGAIN = 11;
const ENOBUFS = 105;
const SOL_SOCKET = 1;
const SO_SNDBUFFORCE = 32;
/** Bytes that may wait for the receiver: no message of a log is larger. */
const SEND_BUFFER = 8 << 20;

/** A socket of this machine that takes messages, connected to the one bound at a path. */
export class UnixDatagram implements Disposable {
  readonly #fd: number;
  #open = true;

  /** Throws `SystemError`. The path may be 107 bytes long at most. */
  constructor(private readonly path: string) {
    const bytes = Buffer.from(path);
    if (bytes.length > 107) throw new Error(`the path of a socket is too long: ${path}`);
    this.#fd = check(libc.socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), "socket");
    const room = Buffer.from(Int32Array.of(SEND_BUFFER).buffer);
    libc.setsockopt(this.#fd, SOL_SOCKET, SO_SNDBUFFORCE, ptr(room), room.length);
    const address = Buffer.concat([Buffer.from([AF_UNIX, 0]), bytes, Buffer.alloc(1)]);
    if (libc.connect(this.#fd, ptr(address), address.length) === 0) return;
    const code = errno();
    libc.close(this.#fd);
    throw new SystemError("connect", code, path);
  }

  /** False where the receiver's queue is full: try again. Throws `SystemError`. */
  send(message: Uint8Array): boolean {
    if (!this.#open) throw new Error(`the socket to ${this.path} is closed`);
    if (Number(libc.send(this.#fd, ptr(message), message.length, MSG_NOSIGNAL)) >= 0) return true;
    const code = errno();
    if (code === EAGAIN || code === ENOBUFS) return false;
    throw new SystemError("send", code, this.path);
  }

  [Symbol.dispose](): void {
    if (this.#open) libc.close(this.#fd);
    this.#open = false;
  }
}
