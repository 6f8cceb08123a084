import { check, libc } from "./syscall.ts";

/** Connections that may wait to be accepted: the kernel's own bound (`net.core.somaxconn`) where that is lower. */
const backlog = 4096;

/**
 * Lets more connections wait at a socket that listens already: Bun 1.4.5 asks for 512, and what comes beyond is
 * refused.
 */
export function raiseBacklog(fd: number): void {
  check(libc.listen(fd, backlog), "listen");
}
