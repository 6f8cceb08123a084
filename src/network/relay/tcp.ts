import { connect, createServer, type Server } from "node:net";
import type { RelayTarget } from "./target.ts";

/** Both ends of a connection to the relay: the client's, and the relay's own as the kernel shows it. */
export interface TcpClient {
  client: { address: string; port: number };
  local: { address: string; port: number };
}

/** Accepts on a free port of every IPv6 address and joins each connection with its target. */
export async function listenTcp(
  target: (connection: TcpClient) => RelayTarget | null,
): Promise<{ port: number; close(): void }> {
  const server: Server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, (client) => {
    client.on("error", () => client.destroy());
    const to = target({
      client: { address: client.remoteAddress ?? "", port: client.remotePort ?? 0 },
      local: { address: client.localAddress ?? "", port: client.localPort ?? 0 },
    });
    if (!to) return void client.destroy();
    const upstream = connect({ host: to.address, port: to.port, allowHalfOpen: true });
    upstream.on("error", () => client.destroy());
    client.on("close", () => upstream.destroy());
    upstream.on("close", () => client.destroy());
    upstream.on("connect", () => {
      client.pipe(upstream);
      upstream.pipe(client);
    });
  });
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once("error", reject);
  server.listen({ host: "::", port: 0, ipv6Only: true }, resolve);
  await promise;
  // Sockets that wait for connections must not keep the daemon from ending.
  server.unref();
  const address = server.address();
  return { port: typeof address === "object" && address ? address.port : 0, close: () => void server.close() };
}
