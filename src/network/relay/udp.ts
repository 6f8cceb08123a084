import { createSocket, type RemoteInfo, type Socket } from "node:dgram";
import { socketBudget } from "../../linux/host-port.ts";
import type { RelayTarget, Wanted } from "./target.ts";

/** One client's datagrams to one port of one address of the host. */
interface Flow {
  hostPort: number;
  /** Towards the client: connected to it, so that its later datagrams arrive here. */
  client: Socket;
  /** Towards the container. */
  upstream: Socket;
  /** Datagrams that came while the flow was being set up; null: it is set up. */
  waiting: Buffer[] | null;
  lastUsed: number;
}

/** What the UDP relay asks about a client it does not know yet; null: not known, and the datagram is dropped. */
export interface UdpQuestions {
  /** `local` is the address as text for binding a socket: a link-local one has its zone at the end. */
  wanted(client: { address: string; port: number }, relayPort: number): (Wanted & { local: string }) | null;
  target(wanted: Wanted): RelayTarget | null;
}

/**
 * A running UDP relay. `port` is the one it receives on; `forget` ends the flows to the host ports that it is true for;
 * `close` ends everything.
 */
export interface UdpRelay {
  port: number;
  forget(concerned: (hostPort: number) => boolean): void;
  close(): void;
}

const idleMs = 90_000;
const maxWaiting = 64;
/**
 * Bounds what a flood of invented clients costs: their sockets, two for each, may be at most an eighth of those that
 * the process may open.
 */
const maxFlows = (): number => Math.min(2048, Math.floor(socketBudget() / 8));

/** Receives on a free port of every IPv6 address. Each client gets a pair of sockets: to it, and to its target. */
export async function listenUdp(ask: UdpQuestions): Promise<UdpRelay> {
  const flows = new Map<string, Flow>();
  const limit = maxFlows();
  // Shared with the sockets of flows; the kernel prefers those.
  const relay = createSocket({ type: "udp6", reusePort: true, ipv6Only: true });
  await bound(relay, await unusedPort(), "::");
  const { port } = relay.address();
  relay.on("error", () => {});
  relay.on("message", (data, from) => void open(data, from).catch(() => {}));
  relay.unref();

  async function open(first: Buffer, from: RemoteInfo): Promise<void> {
    const wanted = ask.wanted(from, port);
    const to = wanted && ask.target(wanted);
    if (!to || flows.size >= limit) return;
    const key = `${from.address} ${from.port} ${wanted.local} ${wanted.port}`;
    const before = flows.get(key);
    if (before?.waiting) {
      if (before.waiting.length < maxWaiting) before.waiting.push(first);
      return;
    }
    if (before) return void before.upstream.send(first);
    const flow: Flow = {
      hostPort: wanted.port,
      lastUsed: Date.now(),
      waiting: [first],
      client: createSocket({ type: "udp6", reusePort: true }),
      upstream: createSocket(to.address.includes(":") ? "udp6" : "udp4"),
    };
    flows.set(key, flow);
    for (const socket of [flow.client, flow.upstream]) {
      socket.on("error", () => forget(key));
      socket.unref();
    }
    flow.client.on("message", (data, sender) => {
      // Between bind and connect the socket also receives what other clients send to this address of the host.
      if (sender.port !== from.port || sender.address !== from.address) return void open(data, sender).catch(() => {});
      flow.lastUsed = Date.now();
      if (flow.waiting) flow.waiting.push(data);
      else flow.upstream.send(data);
    });
    flow.upstream.on("message", (data) => {
      flow.lastUsed = Date.now();
      flow.client.send(data);
    });
    try {
      await joined(flow.upstream, to.port, to.address);
      await bound(flow.client, port, wanted.local);
      await joined(flow.client, from.port, from.address);
      for (const data of flow.waiting ?? []) flow.upstream.send(data);
      flow.waiting = null;
    } catch (error) {
      forget(key);
      throw error;
    }
  }

  function forget(key: string): void {
    const flow = flows.get(key);
    flows.delete(key);
    flow?.client.close();
    flow?.upstream.close();
  }

  function forgetAll(which: (flow: Flow) => boolean): void {
    for (const [key, flow] of flows) if (which(flow)) forget(key);
  }

  const sweep = setInterval(() => forgetAll((flow) => Date.now() - flow.lastUsed >= idleMs), idleMs / 3);
  sweep.unref();

  return {
    port,
    forget: (concerned) => forgetAll((flow) => concerned(flow.hostPort)),
    close() {
      clearInterval(sweep);
      forgetAll(() => true);
      relay.close();
    },
  };
}

/**
 * A port that no other engine's relay has. The kernel does not ensure that: when a socket with SO_REUSEPORT asks for
 * any free port, it may get one that another such socket has (Linux 6.18).
 */
async function unusedPort(): Promise<number> {
  const alone = createSocket({ type: "udp6", ipv6Only: true });
  await bound(alone, 0, "::");
  const { port } = alone.address();
  const { promise, resolve } = Promise.withResolvers<void>();
  alone.close(resolve);
  await promise;
  return port;
}

function bound(socket: Socket, port: number, address: string): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  socket.once("error", reject);
  socket.bind(port, address, () => {
    socket.off("error", reject);
    resolve();
  });
  return promise;
}

function joined(socket: Socket, port: number, address: string): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  socket.once("error", reject);
  socket.connect(port, address, () => {
    socket.off("error", reject);
    resolve();
  });
  return promise;
}
