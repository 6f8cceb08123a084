import type { Socket, SocketHandler } from "bun";

declare module "bun" {
  // bun-types 1.4.5 declares FdSocketOptions and leaves this overload out.
  function connect<Data = undefined>(options: FdSocketOptions<Data>): Promise<Socket<Data>>;
}

/**
 * Gives a connected stream or packet socket to the event loop, which owns and closes the descriptor from then on.
 * With SOCK_SEQPACKET each `data` call is one packet.
 */
export function adoptSocket(fd: number, handlers: SocketHandler<undefined>): Promise<Socket<undefined>> {
  return Bun.connect({ fd, socket: handlers });
}
