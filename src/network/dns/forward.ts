import { createSocket } from "node:dgram";
import { type Ip, isLoopback, parseIp } from "../../lib/ip.ts";
import { Netns } from "../../linux/namespace.ts";
import { AF, SOCK, sockaddr } from "../../linux/sockaddr.ts";
import { check, libc, ptr } from "../../linux/syscall.ts";
import { answersTo, codeOf, encodeError, type Query, rcode } from "./message.ts";

const timeoutMs = 4000;
const maxServers = 3;

/** The name servers that questions are passed to when no network of the container knows the name. */
export interface ExternalServers {
  addresses: readonly string[];
  /** They come from the host's resolv.conf, as neither the container nor the daemon names any. */
  ofHost: boolean;
}

/**
 * Asks the servers one after the other, from inside the container's namespace: queries are routed (through its VPN,
 * under its rules) like the container's other traffic. Only loopback addresses from the host's own resolv.conf are
 * asked from the host's namespace; one that was chosen for a container means the container's loopback and must not
 * reach the host's. Always resolves to an answer: SERVFAIL where no server gave one.
 */
export async function forward(
  netnsPath: string,
  { addresses, ofHost }: ExternalServers,
  bytes: Uint8Array,
  query: Query,
  transport: "udp" | "tcp",
): Promise<Uint8Array> {
  let last: Uint8Array | null = null;
  for (const text of addresses.slice(0, maxServers)) {
    const server = parseIp(text);
    if (!server) continue;
    const from = ofHost && isLoopback(server) ? null : netnsPath;
    const answer = await (transport === "udp" ? askUdp : askTcp)(from, server, bytes, query).catch(() => null);
    if (!answer) continue;
    last = answer;
    if (codeOf(answer) !== rcode.SERVFAIL && codeOf(answer) !== rcode.REFUSED) break;
  }
  return last ?? encodeError(query, rcode.SERVFAIL);
}

/** `netnsPath` null: in the host's namespace. */
function openSocket(netnsPath: string | null, server: Ip, type: number): number {
  const family = server.family === 4 ? AF.INET : AF.INET6;
  if (netnsPath === null)
    return check(libc.socket(family, type | SOCK.NONBLOCK | SOCK.CLOEXEC, 0), "socket", "name server");
  using netns = new Netns(netnsPath);
  return netns.socket(family, type | SOCK.NONBLOCK, 0);
}

/**
 * The socket is connected, so that only the server's datagrams come in. The query gets a random id that others cannot
 * guess.
 */
function askUdp(netnsPath: string | null, server: Ip, bytes: Uint8Array, query: Query): Promise<Uint8Array> {
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

async function askTcp(netnsPath: string | null, server: Ip, bytes: Uint8Array, query: Query): Promise<Uint8Array> {
  const fd = openSocket(netnsPath, server, SOCK.STREAM);
  const address = sockaddr(server, 53);
  // Usually returns "in progress": the socket becomes writable once it is connected.
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
