/** Options of `swarm init` and `join` that say where a node is to be found. */
import { string } from "../../flags/kinds.ts";

const defaultListen = "0.0.0.0:2377";

export const addressFlags = {
  "advertise-addr": string('Address that others reach the node at (format: "<ip|interface>[:port]")'),
  availability: string('Whether the node takes tasks ("active", "pause", "drain")', { default: "active" }),
  "data-path-addr": string('Address or interface for the data of networks (format: "<ip|interface>")', {
    minApi: "1.31",
  }),
  "listen-addr": {
    ...string('Address to listen at (format: "<ip|interface>[:port]")', { type: "node-addr" }),
    initial: defaultListen,
    shown: defaultListen,
    set: (_: string, text: string) => listenAddress(text),
  },
};

/** `HOST:PORT`, with the default's host or port where one is not given. Throws on what is no TCP address. */
export function listenAddress(text: string): string {
  const bare = /^[a-z+.-]+:\/\//i.test(text) ? text.replace(/^tcp:\/\//, "") : text;
  if (bare.includes("://")) throw new Error(`invalid proto, expected tcp: ${text}`);
  const [authority = ""] = bare.split("/", 1);
  const [, host = "", rest = ""] = /^(\[[^\]]*\]|[^:]*)(.*)$/.exec(authority) ?? [];
  const port = rest.replace(/^:/, "");
  if (!/^(:\d*)?$/.test(rest)) throw new Error(`parse "tcp://${bare}": invalid port ":${port}" after host`);
  const [defaultHost = "", defaultPort = ""] = defaultListen.split(":");
  return `${host || defaultHost}:${port || defaultPort}`;
}

/** The word that the API takes; empty where the flag was not given. */
export function availability(text: string, changed: ReadonlySet<string>): string {
  if (!changed.has("availability")) return "";
  const word = text.toLowerCase();
  if (["active", "pause", "drain"].includes(word)) return word;
  throw new Error(`invalid availability ${JSON.stringify(text)}, only active, pause and drain are supported`);
}
