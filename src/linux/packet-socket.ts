import type { Ip } from "../lib/ip.ts";
import { AF, SOCK, sockaddr } from "./sockaddr.ts";
import { check, libc, ptr } from "./syscall.ts";

const SOCK_RAW = 3;
/** Whole packets, header and all, are sent as they are (raw(7)). */
const IPPROTO_RAW = 255;

/**
 * Sends IP packets as if they began on this machine, whatever address they come from. They pass its rules for output.
 */
export class PacketSocket implements Disposable {
  readonly #fds = new Map<4 | 6, number>();

  /** Throws `SystemError`. */
  send(packet: Buffer, destination: Ip): void {
    let fd = this.#fds.get(destination.family);
    if (fd === undefined) {
      fd = check(
        libc.socket(
          destination.family === 4 ? AF.INET : AF.INET6,
          SOCK_RAW | SOCK.CLOEXEC | SOCK.NONBLOCK,
          IPPROTO_RAW,
        ),
        "socket",
        "raw",
      );
      this.#fds.set(destination.family, fd);
    }
    const address = sockaddr(destination, 0);
    check(libc.sendto(fd, ptr(packet), packet.length, 0, ptr(address), address.length), "sendto", "raw");
  }

  [Symbol.dispose](): void {
    for (const fd of this.#fds.values()) libc.close(fd);
    this.#fds.clear();
  }
}
