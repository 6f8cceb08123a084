import { check, libc, ptr } from "../syscall.ts";
import { listenNetlink } from "./listen.ts";
import type { ReceivedMessage } from "./message.ts";

const AF_NETLINK = 16;
const SOCK_RAW = 3;
const SOCK_NONBLOCK = 0o4000;
const SOCK_CLOEXEC = 0o2000000;
const NETLINK_NETFILTER = 12;
const NFNLGRP_NFTABLES = 7;
const SOL_SOCKET = 1;
const SO_RCVBUFFORCE = 33;
/** Ten thousand ports in one transaction are a megabyte or two of notifications. */
const bufferBytes = 16 * 1024 * 1024;

/**
 * Calls back with every change to the packet filter of the daemon's network namespace, whoever makes it. `lost`: there
 * were more than could be kept, some were not told; the watch has ended.
 */
export function watchFilter(told: (messages: ReceivedMessage[]) => void, lost: () => void): Promise<Disposable> {
  return listenNetlink(openGroup(), told, lost);
}

function openGroup(): number {
  const fd = check(
    libc.socket(AF_NETLINK, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, NETLINK_NETFILTER),
    "socket",
    "netlink",
  );
  const size = Buffer.from(Uint32Array.of(bufferBytes).buffer);
  libc.setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, ptr(size), 4);
  const address = Buffer.alloc(12);
  address.writeUInt16LE(AF_NETLINK, 0);
  address.writeUInt32LE(1 << (NFNLGRP_NFTABLES - 1), 8);
  try {
    check(libc.bind(fd, ptr(address), address.length), "bind", "netlink");
  } catch (error) {
    libc.close(fd);
    throw error;
  }
  return fd;
}
