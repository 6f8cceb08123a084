import { invalid } from "../../lib/errors.ts";

/** Host and port of an address `tcp://…`; the port is null where it has none. Throws `invalid`. */
export function tcpHost(address: string): { hostname: string; port: number | null } {
  const [, hostname, port] = /^tcp:\/\/(\[[^\]]+\]|[^:/]*)(?::(\d+))?\/?$/.exec(address) ?? [];
  if (hostname === undefined || Number(port ?? 0) > 65535) throw invalid(`invalid bind address (${address})`);
  return { hostname: hostname || "127.0.0.1", port: port === undefined ? null : Number(port) };
}
