import type { TLSOptions } from "bun";
import type { Logger } from "../../lib/log.ts";
import { Connection } from "./connection.ts";
import { serveConnection, type HttpHandler } from "./serve.ts";

export type ListenAddress = { unix: string } | { hostname: string; port: number; tls?: TLSOptions };

export interface Listener {
  /** Of a TCP listener: the port it got. */
  port: number | null;
  /** Takes no more connections; those that are there go on. */
  stop(): void;
  /** Drops every connection. */
  closeAll(): void;
}

/** Serves HTTP on an address. Throws the system's error (`EADDRINUSE`, …). */
export function listenHttp(address: ListenAddress, handler: HttpHandler, log: Logger): Listener {
  const connections = new Set<Connection>();
  const handlers: Bun.SocketHandler<Connection> = {
    open(raw) {
      const connection = new Connection(raw);
      raw.data = connection;
      connections.add(connection);
      void serveConnection(connection, handler, log);
    },
    data(raw, chunk) {
      raw.data.received(chunk);
    },
    drain(raw) {
      raw.data.flush();
    },
    end(raw) {
      raw.data.ended();
    },
    timeout(raw) {
      raw.data.close();
    },
    close(raw) {
      connections.delete(raw.data);
      raw.data.closed();
    },
    error(_raw, error) {
      log.debug("socket failed", { module: "api", error: error.message });
    },
  };
  const server = "unix" in address
    ? Bun.listen<Connection>({ unix: address.unix, allowHalfOpen: true, socket: handlers })
    : Bun.listen<Connection>({ hostname: address.hostname, port: address.port, allowHalfOpen: true, socket: handlers, ...(address.tls && { tls: address.tls }) });
  return {
    port: "unix" in address ? null : "port" in server ? server.port : null,
    stop: () => server.stop(),
    closeAll() {
      for (const connection of connections) connection.close();
    },
  };
}
