/**
 * Where an engine listens: `unix:///path`, `tcp://host:port`, `ssh://[user@]host[:port][/socket]`, `npipe` is refused.
 */
export interface Endpoint {
  readonly host: string;
  readonly tls?: TlsFiles;
}

/** How a connection is encrypted. `ca`, `cert` and `key` are paths of PEM files. */
export interface TlsFiles {
  /** Check the server's certificate and name. */
  verify: boolean;
  ca?: string;
  cert?: string;
  key?: string;
}

/**
 * An engine's address in parts. `basePath` goes before every request's path; empty: none. `ssh`: `socket` is the
 * engine's socket on the other machine.
 */
export type Address =
  | { kind: "unix"; path: string }
  | { kind: "tcp"; hostname: string; port: number; basePath: string }
  | { kind: "ssh"; user: string; hostname: string; port: string; socket: string };

/** Splits an engine's address; throws docker's texts on what it cannot be. */
export function parseAddress(host: string, tls: boolean): Address {
  const at = host.indexOf("://");
  // As docker's: a bare host is tcp.
  const [scheme, rest] = at < 0 ? ["tcp", host] : [host.slice(0, at), host.slice(at + 3)];
  if (scheme === "unix") return { kind: "unix", path: rest === "" ? "/run/berth/berth.sock" : rest };
  if (scheme === "ssh") return parseSsh(host);
  if (scheme !== "tcp" && scheme !== "http" && scheme !== "https")
    throw new Error(`unable to parse docker host \`${host}\``);
  let url: URL;
  try {
    url = new URL(`http://${rest}`);
  } catch {
    throw new Error(`unable to parse docker host \`${host}\``);
  }
  const port = /:\d+$/.test(url.host) || /:80(\/|$)/.test(rest) ? Number(url.port || 80) : tls ? 2376 : 2375;
  return {
    kind: "tcp",
    hostname: url.hostname || "127.0.0.1",
    port,
    basePath: url.pathname === "/" ? "" : url.pathname,
  };
}

function parseSsh(host: string): Address {
  let url: URL;
  try {
    url = new URL(host);
  } catch {
    throw new Error(`invalid ssh URL: ${host}`);
  }
  if (url.password !== "") throw new Error("ssh connection: plain-text password is not supported");
  if (url.hostname === "") throw new Error("ssh connection: no host specified");
  if (url.search !== "")
    throw new Error(`ssh connection: query parameters are not allowed: ${JSON.stringify(url.search.slice(1))}`);
  return {
    kind: "ssh",
    user: decodeURIComponent(url.username),
    hostname: url.hostname,
    port: url.port,
    socket: url.pathname === "/" ? "" : url.pathname,
  };
}
