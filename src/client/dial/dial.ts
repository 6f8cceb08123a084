import type { Duplex } from "../../lib/http/duplex.ts";
import { dialSocket } from "../../lib/http/socket.ts";
import { type Endpoint, parseAddress } from "../endpoint.ts";

/** How requests reach an engine. */
export interface Dialer {
  /** A fresh connection. */
  dial(): Promise<Duplex>;
  /** Scheme and host as errors tell of them; a socket's path stands escaped in the host's place. */
  readonly origin: string;
  /** The value of the Host header. */
  readonly hostHeader: string;
  /** Stands in front of every request path; usually empty. */
  readonly basePath: string;
}

/** Prepares the way to an engine; connects nothing yet. */
export function dialer(endpoint: Endpoint): Dialer {
  const address = parseAddress(endpoint.host, endpoint.tls !== undefined);
  if (address.kind === "unix") {
    return {
      dial: () => dialSocket({ unix: address.path }),
      origin: `http://${encodeURIComponent(address.path)}`,
      hostHeader: "berth",
      basePath: "",
    };
  }
  if (address.kind === "ssh") {
    return {
      dial: async () => (await import("./ssh.ts")).dialSsh(address),
      origin: "http://berth",
      hostHeader: "berth",
      basePath: "",
    };
  }
  const { hostname, port, basePath } = address;
  const { tls } = endpoint;
  return {
    origin: `${tls ? "https" : "http"}://${hostname}:${port}`,
    hostHeader: `${hostname}:${port}`,
    basePath,
    async dial() {
      const bare = hostname.replace(/^\[|\]$/g, "");
      if (!tls) return dialSocket({ hostname: bare, port });
      return dialSocket({
        hostname: bare,
        port,
        tls: {
          rejectUnauthorized: tls.verify,
          serverName: bare,
          ...(tls.ca && { ca: await Bun.file(tls.ca).text() }),
          ...(tls.cert && { cert: await Bun.file(tls.cert).text() }),
          ...(tls.key && { key: await Bun.file(tls.key).text() }),
        },
      });
    },
  };
}
