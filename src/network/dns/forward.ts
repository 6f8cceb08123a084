import { createSocket } from "node:dgram";
import { isLoopback, parseIp, type Ip } from "../../lib/ip.ts";
import { Netns } from "../../linux/namespace.ts";
import { AF, SOCK, sockaddr } from "../../linux/sockaddr.ts";
import { check, libc, ptr } from "../../linux/syscall.ts";
import { answersTo, codeOf, encodeError, rcode, type Query } from "./message.ts";

const timeoutMs = 4000;
const maxServers = 3;

/**
 * Asks the servers one after the other, from inside the container's namespace: queries take the way (and the VPN, and
 * the rules) of the container's other traffic. Only the host's own loopback servers are asked from the host.
 * Always an answer: SERVFAIL where nobody gave one.
 */
export async function forward(netnsPath: string, servers: readonly string[], bytes: Uint8Array, query: Query, transport: "udp" | "tcp"): Promise<Uint8Array> {
  let last: Uint8Array | null = null;
  for (const text of servers.slice(0, maxServers)) {
    const server = parseIp(text);
    if (!server) continue;
    const answer = await (transport === "udp" ? askUdp : askTcp)(netnsPath, server, bytes, query).catch(() => null);
    if (!answer) continue;
    last = answer;
    if (codeOf(answer) !== rcode.SERVFAIL && codeOf(answer) !== rcode.REFUSED) break;
  }
  return last ?? encodeError(query, rcode.SERVFAIL);
}

function openSocket(netnsPath: string, server: Ip, type: number): number {
  const family = server.family === 4 ? AF.INET : AF.INET6;
  if (isLoopback(server)) return check(libc.socket(family, type | SOCK.NONBLOCK | SOCK.CLOEXEC, 0), "socket", "name server");
  using netns = new Netns(netnsPath);
  return netns.socket(family, type | SOCK.NONBLOCK, 0);
}

/** Connected, so that only the server's own datagrams come in; under an id of its own, which nobody can guess. */
function askUdp(netnsPath: string, server: Ip, bytes: Uint8Array, query: Query): Promise<Uint8Array> {
  const fd = openSocket(netnsPath, server, SOCK.DGRAM);
  const address = sockaddr(server, 53);
  const [id] = crypto.getRandomValues(new Uint16Array(1));
  const asked = withId(bytes, id ?? 0);
  if (libc.connect(fd, ptr(address), address.length) !== 0 || libc.send(fd, ptr(asked), asked.length, 0) < 0) {
    libc.close(fd);
    return Promise.reject(new Error("unreachable"));
  }
  const { promise, resolve, reject } = Promise.withResolvers<Uint8Array>();
  const socket = createSocket(server.family === 4 ? "udp4" : "udp6");
  const timer = setTimeout(() => reject(new Error("timeout")), timeoutMs);
  socket.on("message", (answer) => {
    if (answersTo(answer, id ?? 0, query)) resolve(withId(answer, query.id));
  });
  socket.on("error", reject);
  socket.bind({ fd });
  return promise.finally(() => {
    clearTimeout(timer);
    socket.close();
  });
}

async function askTcp(netnsPath: string, server: Ip, bytes: Uint8Array, query: Query): Promise<Uint8Array> {
  const fd = openSocket(netnsPath, server, SOCK.STREAM);
  const address = sockaddr(server, 53);
  // In progress, mostly: the socket becomes writable when it is there.
  libc.connect(fd, ptr(address), address.length);
  const { promise, resolve, reject } = Promise.withResolvers<Uint8Array>();
  const framed = frame(bytes);
  let sent = 0;
  let received = Buffer.alloc(0);
  const flush = (socket: Bun.Socket) => {
    if (sent < framed.length) sent += Math.max(0, socket.write(framed, sent));
  };
  const socket = await Bun.connect({
    fd,
    socket: {
      open: flush,
      drain: flush,
      data(_, data) {
        received = Buffer.concat([received, data]);
        const answer = unframe(received);
        if (answer && answersTo(answer.message, query.id, query)) resolve(answer.message);
      },
      close: () => reject(new Error("closed")),
      error: (_, error) => reject(error),
    },
  });
  const timer = setTimeout(() => reject(new Error("timeout")), timeoutMs);
  return promise.finally(() => {
    clearTimeout(timer);
    socket.terminate();
  });
}

/** DNS over TCP puts two bytes of length before each message. */
export function frame(message: Uint8Array): Buffer {
  const length = Buffer.alloc(2);
  length.writeUInt16BE(message.length, 0);
  return Buffer.concat([length, message]);
}

/** The first whole message, and what comes after it. */
export function unframe(bytes: Buffer): { message: Buffer; rest: Buffer } | null {
  if (bytes.length < 2 || bytes.length < 2 + bytes.readUInt16BE(0)) return null;
  const end = 2 + bytes.readUInt16BE(0);
  return { message: bytes.subarray(2, end), rest: bytes.subarray(end) };
}

function withId(bytes: Uint8Array, id: number): Buffer {
  const copy = Buffer.from(bytes);
  copy.writeUInt16BE(id, 0);
  return copy;
}
