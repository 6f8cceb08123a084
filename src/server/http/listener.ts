import type { TLSOptions } from "bun";
import type { Logger } from "../../lib/log.ts";
import { Connection } from "./connection.ts";
import { serveConnection, type HttpHandler } from "./serve.ts";

declare module "bun" {
  // bun-types 1.4.5 knows descriptors for `connect` only.
  function listen<Data = undefined>(options: FdSocketOptions<Data> & { allowHalfOpen?: boolean }): SocketListener<Data>;
}

/** A path, a TCP address, or a listening socket that was passed in. */
export type ListenAddress = { unix: string } | { fd: number } | { hostname: string; port: number; tls?: TLSOptions };

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
  const options = { allowHalfOpen: true, socket: handlers };
  const server = "unix" in address ? Bun.listen<Connection>({ ...options, unix: address.unix })
    : "fd" in address ? Bun.listen<Connection>({ ...options, fd: address.fd })
    : Bun.listen<Connection>({ ...options, hostname: address.hostname, port: address.port, ...(address.tls && { tls: address.tls }) });
  return {
    port: "port" in server && typeof server.port === "number" ? server.port : null,
    stop: () => server.stop(),
    closeAll() {
      for (const connection of connections) connection.close();
    },
  };
}
