import { basename, dirname } from "node:path";
import { check, cstr, errno, libc, ptr, SystemError } from "./syscall.ts";

const AF_UNIX = 1;
const SOCK_STREAM = 1;
const SOCK_SEQPACKET = 5;
const SOCK_NONBLOCK = 0o4000;
const SOCK_CLOEXEC = 0o2000000;
const O_PATH = 0o10000000;
const O_DIRECTORY = 0o200000;
const O_CLOEXEC = 0o2000000;
const EAGAIN = 11;
const EINTR = 4;
const ECONNRESET = 104;
const SHUT_WR = 1;
const F_DUPFD_CLOEXEC = 1030;
const MSG_DONTWAIT = 0x40;

/**
 * Connects a SOCK_SEQPACKET socket to the one bound at `path`; the result is a non-blocking descriptor that
 * the caller owns. Paths longer than a socket address are reached through their directory's descriptor.
 * Null where the listener's queue is full at this moment (try again).
 */
export function connectSeqpacket(path: string): number | null {
  const directory = cstr(dirname(path));
  const dirfd = check(libc.open(ptr(directory), O_PATH | O_DIRECTORY | O_CLOEXEC, 0), "open", dirname(path));
  try {
    const fd = check(libc.socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), "socket");
    const address = Buffer.concat([Buffer.from([AF_UNIX, 0]), cstr(`/proc/self/fd/${dirfd}/${basename(path)}`)]);
    if (libc.connect(fd, ptr(address), address.length) === 0) return fd;
    const code = errno();
    libc.close(fd);
    if (code === EAGAIN) return null;
    throw new SystemError("connect", code, path);
  } finally {
    libc.close(dirfd);
  }
}

/** Two connected stream sockets, both closed on exec. The first suits `Bun.connect({ fd })`, the second a child. */
export function socketPair(): [number, number] {
  const pair = new Int32Array(2);
  check(libc.socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ptr(pair)), "socketpair");
  return [pair[0] ?? -1, pair[1] ?? -1];
}

/** A second descriptor of the same socket, closed on exec; the caller owns it. */
export function duplicate(fd: number): number {
  return check(libc.fcntl(fd, F_DUPFD_CLOEXEC, 0), "fcntl");
}

/**
 * The next packet that has come in, null where there is none. The kernel tells of a peer that broke off before it
 * gives out what the peer had sent until then: that is passed over.
 */
export function takePacket(fd: number, buffer: Uint8Array): Uint8Array | null {
  for (;;) {
    const length = Number(libc.recv(fd, ptr(buffer), buffer.length, MSG_DONTWAIT));
    if (length > 0) return buffer.slice(0, length);
    if (length === 0) return null;
    const code = errno();
    if (code !== ECONNRESET && code !== EINTR) return null;
  }
}

/** Ends the sending half: the peer reads end-of-file, the other direction stays. */
export function shutdownWrite(fd: number): void {
  libc.shutdown(fd, SHUT_WR);
}

/** close(2); errors are passed over. */
export function closeFd(fd: number): void {
  libc.close(fd);
}
