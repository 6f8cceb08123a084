import { readFile } from "node:fs/promises";
import { errorMessage } from "../lib/errors.ts";
import type { SocketAddress } from "../lib/http/socket.ts";
import { decodeJson } from "../lib/parse-json.ts";
import { field, textOf } from "./answer.ts";

/** Where a plugin listens, and what errors and the Host header call the place. */
export interface PluginEndpoint {
  address: SocketAddress;
  /** `http://plugin.moby.localhost`, `https://127.0.0.1:8080`. */
  origin: string;
  host: string;
}

/** The host of plugins that listen on a Unix socket. */
const socketHost = "plugin.moby.localhost";

/** A plugin behind a Unix socket. */
export function unixEndpoint(path: string): PluginEndpoint {
  return { address: { unix: path }, origin: `http://${socketHost}`, host: socketHost };
}

/** Reads a `.spec` file: one address, `tcp://h:p` or `unix:///path`. Throws an Error with Docker's words. */
export async function readSpec(path: string): Promise<PluginEndpoint> {
  return await endpointOf((await readFile(path, "utf8")).trim(), null);
}

/**
 * Reads a `.json` file: `{"Addr": "https://h:p", "TLSConfig": {…}}` with `CAFile`, `CertFile`, `KeyFile` and
 * `InsecureSkipVerify`. The plugin's name is that of the file. Throws an Error with Docker's words.
 */
export async function readJsonSpec(path: string): Promise<PluginEndpoint> {
  const spec = decodeJson<unknown>(await readFile(path, "utf8"));
  const tls = field(spec, "TLSConfig");
  return await endpointOf(textOf(spec, "Addr"), tls === undefined || tls === null ? null : tls);
}

async function endpointOf(address: string, settings: unknown): Promise<PluginEndpoint> {
  const [, scheme = "", place = ""] = /^([a-z]+):\/\/(.*?)\/?$/i.exec(address) ?? [];
  if (scheme === "unix" && place.startsWith("/")) return unixEndpoint(place);
  if (!["tcp", "http", "https"].includes(scheme) || place === "") throw new Error("Unknown protocol");
  const { hostname, port, host } = new URL(`http://${place}`);
  const secure = scheme === "https";
  const bare = hostname.replace(/^\[|\]$/g, "");
  return {
    address: {
      hostname: bare,
      port: Number(port) || (secure ? 443 : 80),
      ...(secure && { tls: await tlsOptions(settings, bare) }),
    },
    origin: `${secure ? "https" : "http"}://${host}`,
    host,
  };
}

async function tlsOptions(settings: unknown, serverName: string): Promise<Bun.TLSOptions> {
  const caFile = textOf(settings, "CAFile");
  const certFile = textOf(settings, "CertFile");
  const keyFile = textOf(settings, "KeyFile");
  return {
    rejectUnauthorized: field(settings, "InsecureSkipVerify") !== true,
    serverName,
    ...(caFile && { ca: await readPem(caFile, `could not read CA certificate "${caFile}"`) }),
    ...(certFile && { cert: await readPem(certFile, "Could not load X509 key pair") }),
    ...(keyFile && { key: await readPem(keyFile, "Could not load X509 key pair") }),
  };
}

async function readPem(path: string, what: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (cause) {
    throw new Error(`${what}: ${errorMessage(cause)}`, { cause });
  }
}
