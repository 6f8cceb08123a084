import type { RelayTarget } from "./target.ts";

type UdpSocket = Bun.udp.Socket<"buffer">;
type Upstream = Bun.udp.ConnectedSocket<"buffer">;

interface Flow {
  /** Absent until the socket is there; what comes before is dropped, as datagrams may be. */
  upstream: Upstream | null;
  lastUsed: number;
}

const idleMs = 90_000;
/** Bounds what a flood of invented clients costs. */
const maxFlows = 4096;

/** Receives on a free port of every IPv6 address and gives each client a socket of its own towards its target. */
export async function listenUdp(target: (client: { address: string; port: number }, relayPort: number) => RelayTarget | null): Promise<{ port: number; close(): void }> {
  const flows = new Map<string, Flow>();
  const relay: UdpSocket = await Bun.udpSocket({
    hostname: "::",
    port: 0,
    socket: {
      data(_, data, port, address) {
        const key = `${address} ${port}`;
        const flow = flows.get(key);
        if (flow) {
          flow.lastUsed = Date.now();
          flow.upstream?.send(data);
        } else if (flows.size < maxFlows) void open(key, address, port, data);
      },
    },
  });
  relay.unref();

  async function open(key: string, address: string, port: number, first: Buffer): Promise<void> {
    const flow: Flow = { upstream: null, lastUsed: Date.now() };
    flows.set(key, flow);
    const to = target({ address, port }, relay.port);
    if (!to) return void flows.delete(key);
    flow.upstream = await Bun.udpSocket({
      connect: { hostname: to.address, port: to.port },
      socket: {
        data(_, data) {
          flow.lastUsed = Date.now();
          relay.send(data, port, address);
        },
      },
    });
    flow.upstream.unref();
    flow.upstream.send(first);
  }

  const sweep = setInterval(() => {
    for (const [key, flow] of flows) {
      if (Date.now() - flow.lastUsed < idleMs) continue;
      flow.upstream?.close();
      flows.delete(key);
    }
  }, idleMs / 3);
  sweep.unref();

  return {
    port: relay.port,
    close() {
      clearInterval(sweep);
      for (const flow of flows.values()) flow.upstream?.close();
      relay.close();
    },
  };
}
