import { check, libc, ptr } from "./syscall.ts";

const AF_UNIX = 1;
const SOCK_DGRAM = 2;
const SOCK_CLOEXEC = 0o2000000;
const MSG_NOSIGNAL = 0x4000;

/** Tells the service manager something (sd_notify(3)): `READY=1`, `STOPPING=1`. `socket` is its NOTIFY_SOCKET. */
export function notifyManager(socket: string, message: string): void {
  const fd = check(libc.socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0), "socket");
  try {
    // An abstract address is written with an at sign and begins with a zero byte.
    const address = Buffer.concat([Buffer.from([AF_UNIX, 0]), Buffer.from(socket.replace(/^@/, "\0"))]);
    check(libc.connect(fd, ptr(address), address.length), "connect", socket);
    const bytes = Buffer.from(message);
    check(libc.send(fd, ptr(bytes), bytes.length, MSG_NOSIGNAL), "send", socket);
  } finally {
    libc.close(fd);
  }
}
