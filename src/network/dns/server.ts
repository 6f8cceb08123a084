import { createSocket } from "node:dgram";
import { createServer, type Socket } from "node:net";
import { type Ip, parseIp } from "../../lib/ip.ts";
import type { Netns } from "../../linux/namespace.ts";
import { NETLINK, NetlinkSocket } from "../../linux/netlink/socket.ts";
import { redirectDns } from "../../linux/nft/redirect-dns.ts";
import { AF, SOCK, sockaddr } from "../../linux/sockaddr.ts";
import { check, libc, ptr } from "../../linux/syscall.ts";
import { embeddedServer } from "../sandbox/resolv-conf.ts";
import { frame, unframe } from "./forward.ts";
import { encodeError, encodeRefusal, forUdp, parseQuery, type Query, rcode } from "./message.ts";

/** Makes the answer to a query. `bytes` is the query as it was received; the answer is a whole DNS message. */
export type Respond = (query: Query, bytes: Uint8Array, transport: "udp" | "tcp") => Promise<Uint8Array> | Uint8Array;

/** Most queries and most connections of one container at a time; further ones of that container wait. */
const maxConcurrent = 1024;
const maxConnections = 64;
const idleMs = 10_000;
const SOL_SOCKET = 1;
const SO_RCVBUFFORCE = 33;
const receiveBuffer = Buffer.from(Uint32Array.of(2 * 1024 * 1024).buffer);

/** Ports that it listens on inside the namespace. */
export interface NameServer extends Disposable {
  ports: { udp: number; tcp: number };
}

/**
 * A name server at 127.0.0.11 inside a namespace, answered by this process. It listens on ports of the kernel's
 * choice, to which queries to port 53 are turned. `again`: the namespace may have had one before.
 */
export function startNameServer(netns: Netns, respond: Respond, again: boolean): NameServer {
  using parts = new DisposableStack();
  const server = requireIp(embeddedServer);
  let pending = 0;

  const udpFd = bound(netns, server, SOCK.DGRAM);
  const udp = createSocket("udp4");
  parts.defer(() => udp.close());
  udp.on("error", () => {});
  udp.on("message", (bytes, from) => {
    const reply = (answer: Uint8Array) => udp.send(answer, from.port, from.address);
    const query = parseQuery(bytes);
    const refusal = query ? (pending < maxConcurrent ? null : encodeError(query, rcode.REFUSED)) : encodeRefusal(bytes);
    if (refusal) reply(refusal);
    if (refusal || !query) return;
    pending++;
    void Promise.resolve(respond(query, bytes, "udp"))
      .then((answer) => reply(forUdp(query, answer)))
      .catch(() => {})
      .finally(() => pending--);
  });
  udp.bind({ fd: udpFd });
  udp.unref();

  const tcpFd = bound(netns, server, SOCK.STREAM);
  const connections = new Set<Socket>();
  const tcp = createServer((socket) => {
    if (connections.size >= maxConnections) return void socket.destroy();
    connections.add(socket);
    socket.on("close", () => connections.delete(socket));
    serveConnection(socket, respond);
  });
  parts.defer(() => {
    tcp.close();
    for (const socket of connections) socket.destroy();
  });
  tcp.on("error", () => {});
  tcp.listen({ fd: tcpFd });
  tcp.unref();

  using netfilter = new NetlinkSocket(NETLINK.NETFILTER, netns);
  const ports = { udp: portOf(udpFd), tcp: portOf(tcpFd) };
  netfilter.batch(redirectDns(server, ports, again), "redirect name queries");
  const all = parts.move();
  return { ports, [Symbol.dispose]: () => all.dispose() };
}

function serveConnection(socket: Socket, respond: Respond): void {
  let received: Buffer = Buffer.alloc(0);
  socket.setTimeout(idleMs, () => socket.destroy());
  socket.on("error", () => socket.destroy());
  socket.on("data", (data: Buffer) => {
    received = Buffer.concat([received, data]);
    for (let next = unframe(received); next; next = unframe(received)) {
      received = next.rest;
      const query = parseQuery(next.message);
      const refusal = query ? null : encodeRefusal(next.message);
      if (refusal) socket.write(frame(refusal));
      if (refusal) continue;
      if (!query) return void socket.destroy();
      void Promise.resolve(respond(query, next.message, "tcp"))
        .then((answer) => socket.write(frame(answer)))
        .catch(() => socket.destroy());
    }
  });
}

/** A socket of the namespace at the server's address, on a free port, listening where it is TCP. */
function bound(netns: Netns, ip: Ip, type: number): number {
  const fd = netns.socket(AF.INET, type | SOCK.NONBLOCK, 0);
  const address = sockaddr(ip, 0);
  // The kernel's own measure holds some two hundred queries, which come faster than they are answered.
  libc.setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, ptr(receiveBuffer), 4);
  try {
    check(libc.bind(fd, ptr(address), address.length), "bind", embeddedServer);
    if (type === SOCK.STREAM) check(libc.listen(fd, 128), "listen", embeddedServer);
    return fd;
  } catch (error) {
    libc.close(fd);
    throw error;
  }
}

function portOf(fd: number): number {
  const address = Buffer.alloc(16);
  const length = Buffer.from(Uint32Array.of(address.length).buffer);
  check(libc.getsockname(fd, ptr(address), ptr(length)), "getsockname", embeddedServer);
  return address.readUInt16BE(2);
}

function requireIp(text: string): Ip {
  const ip = parseIp(text);
  if (!ip) throw new Error(`no address: ${text}`);
  return ip;
}
