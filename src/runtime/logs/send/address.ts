import { invalid } from "../../../lib/errors.ts";
import { quote } from "../../../lib/go-quote.ts";

/** `scheme://host:port/path`, as far as it is given. */
export interface Address {
  /** In lower case; empty where there is none. */
  scheme: string;
  host: string;
  port: number;
  path: string;
}

/** Reads the address of a receiver. Throws `invalid`, in the words of Go's packages. */
export function parseAddress(text: string, defaultPort: number): Address {
  const scheme = /^([a-zA-Z][a-zA-Z0-9+.-]*):/.exec(text)?.[1];
  if (scheme === undefined && /^[^/]*:/.test(text))
    throw invalid(`parse ${quote(text)}: first path segment in URL cannot contain colon`);
  const rest = scheme === undefined ? text : text.slice(scheme.length + 1);
  const [, authority = "", path = ""] = /^\/\/([^/?#]*)([^?#]*)/.exec(rest) ?? ["", "", rest];
  const { host, port } = splitHostPort(authority.replace(/^.*@/, ""), defaultPort);
  return { scheme: (scheme ?? "").toLowerCase(), host, port, path: decodeURI(path) };
}

/** A host with or without a port: `a:1`, `[::1]:1`, `a`. Throws `invalid`, as Go's net.SplitHostPort. */
function splitHostPort(text: string, defaultPort: number): { host: string; port: number } {
  const match = /^(?:\[([^\]]*)\]|([^:[\]]*))(?::([^:]*))?$/.exec(text);
  if (!match) throw invalid(`address ${text}: too many colons in address`);
  const [, bracketed, plain = "", port] = match;
  const host = bracketed ?? plain;
  if (port === undefined || port === "") return { host: host || "localhost", port: defaultPort };
  if (!/^\d+$/.test(port) || Number(port) > 65535) throw invalid(`address ${text}: invalid port`);
  return { host: host || "localhost", port: Number(port) };
}
