import type { TLSOptions } from "bun";
import type { Logger } from "../../lib/log.ts";
import { raiseBacklog } from "../../linux/backlog.ts";
import { hardLimits } from "../../linux/rlimit.ts";
import { sendLast } from "../../linux/send-last.ts";
import { type ClientCertificate, Connection } from "./connection.ts";
import { Newcomers } from "./newcomers.ts";
import { type HttpHandler, serveConnection } from "./serve.ts";
import { isPlainHttp, plainHttpAnswer, refuseCertificate } from "./tls-refusal.ts";

declare module "bun" {
  // bun-types 1.4.5 knows descriptors for `connect` only, and leaves out those of sockets.
  interface Socket<Data> {
    readonly fd: number;
  }
  interface SocketListener<Data> {
    readonly fd: number;
  }
  function listen<Data = undefined>(options: FdSocketOptions<Data> & { allowHalfOpen?: boolean }): SocketListener<Data>;
}

/**
 * A path, a TCP address, or a listening socket that was passed in. TLS with a `ca` takes clients that it vouches for,
 * and no others.
 */
export type ListenAddress =
  | { unix: string }
  | { fd: number }
  | { hostname: string; port: number; tls?: Pick<TLSOptions, "cert" | "key" | "ca"> };

/** A socket that takes connections. */
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
  const tls = "hostname" in address ? address.tls : undefined;
  const newcomers = "hostname" in address ? new Newcomers(hardLimits()["NOFILE"] ?? Infinity) : null;
  const serve = (connection: Connection) =>
    void serveConnection(connection, handler, log, () => newcomers?.spoke(connection));
  const handlers: Bun.SocketHandler<Connection> = {
    open(raw) {
      const connection = new Connection(raw, tls !== undefined);
      raw.data = connection;
      connections.add(connection);
      if (newcomers && !newcomers.admit(connection)) connection.close();
      else if (tls) connection.mustSpeak();
      else serve(connection);
    },
    handshake(raw, success, error) {
      // Not only who shows no certificate, but also whom none that is known vouches for, is told so, and not heard.
      if (success && tls?.ca !== undefined && !raw.authorized)
        void refuseCertificate(raw.data, error?.message ?? "none");
      else if (success) {
        if (tls?.ca !== undefined) raw.data.client = certificateOf(raw);
        serve(raw.data);
      } else if (isPlainHttp(error)) sendLast(raw.fd, plainHttpAnswer);
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
    close(raw) {
      connections.delete(raw.data);
      raw.data.closed();
    },
    error(_raw, error) {
      log.debug("socket failed", { module: "api", error: error.message });
    },
  };
  const options = { allowHalfOpen: true, socket: handlers };
  const server =
    "unix" in address
      ? Bun.listen<Connection>({ ...options, unix: address.unix })
      : "fd" in address
        ? Bun.listen<Connection>({ ...options, fd: address.fd })
        : Bun.listen<Connection>({
            ...options,
            hostname: address.hostname,
            port: address.port,
            ...(tls && { tls: tlsOptions(tls) }),
          });
  raiseBacklog(server.fd);
  return {
    port: "port" in server && typeof server.port === "number" ? server.port : null,
    stop: () => server.stop(),
    closeAll() {
      for (const connection of connections) connection.close();
    },
  };
}

/** The handshake takes any client's certificate, or none: who is refused can be told why only after it. */
function tlsOptions(tls: Pick<TLSOptions, "cert" | "key" | "ca">): TLSOptions {
  return { ...tls, ...(tls.ca !== undefined && { requestCert: true, rejectUnauthorized: false }) };
}

function certificateOf(raw: Bun.Socket<Connection>): ClientCertificate | null {
  const certificate = raw.getPeerCertificate();
  if (!certificate?.raw) return null;
  const lines = certificate.raw.toString("base64").replace(/.{64}(?=.)/g, "$&\n");
  const commonName = certificate.subject?.CN;
  return {
    commonName: Array.isArray(commonName) ? (commonName[0] ?? "") : (commonName ?? ""),
    pem: `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`,
  };
}
