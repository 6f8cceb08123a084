import { readFileSync } from "node:fs";
import { isLoopback, parseIp } from "../../lib/ip.ts";

/** resolv.conf(5), read and written. Pure but for {@link hostResolvConf}. */
export interface ResolvConf {
  servers: string[];
  search: string[];
  options: string[];
}

/** Address of the engine's own name service inside every namespace on a user-defined network. */
export const embeddedServer = "127.0.0.11";

/** Name servers to use where the host has no name server that a container could reach. */
const publicServers = ["8.8.8.8", "8.8.4.4"];

/** Reads the text of a resolv.conf(5). Comments and unknown keywords are ignored; nothing is ever refused. */
export function parseResolvConf(text: string): ResolvConf {
  const conf: ResolvConf = { servers: [], search: [], options: [] };
  for (const line of text.split("\n")) {
    const [keyword, ...words] = line
      .replace(/[#;].*$/, "")
      .trim()
      .split(/\s+/);
    if (keyword === "nameserver" && words[0]) conf.servers.push(words[0]);
    // Of `search` and `domain` the last one counts.
    else if ((keyword === "search" || keyword === "domain") && words.length > 0) conf.search = words;
    else if (keyword === "options") conf.options.push(...words);
  }
  return conf;
}

/** The text of a resolv.conf(5), with a newline at its end. Empty lists give no line. */
export function formatResolvConf({ servers, search, options }: ResolvConf): string {
  return `${[
    ...servers.map((server) => `nameserver ${server}`),
    ...(search.length > 0 ? [`search ${search.join(" ")}`] : []),
    ...(options.length > 0 ? [`options ${options.join(" ")}`] : []),
  ].join("\n")}\n`;
}

/** The host's configuration; with systemd-resolved the one behind its stub, which containers cannot reach. */
export function hostResolvConf(): ResolvConf {
  const conf = parseResolvConf(readText("/etc/resolv.conf"));
  const behind = conf.servers.join() === "127.0.0.53" ? readText("/run/systemd/resolve/resolv.conf") : "";
  return behind === "" ? conf : parseResolvConf(behind);
}

/**
 * The text of a small file of the host; empty where it does not exist. Read synchronously, which is faster than waiting
 * for the event loop.
 */
export function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

/**
 * Each of the three lists comes from the first configuration where it is not empty. A search of `.` means "no search
 * domains" and wins over later ones.
 */
export function mergeResolvConf(...confs: ResolvConf[]): ResolvConf {
  const first = (list: keyof ResolvConf) => confs.find((conf) => conf[list].length > 0)?.[list] ?? [];
  return {
    servers: first("servers"),
    search: first("search").filter((domain) => domain !== "."),
    options: first("options"),
  };
}

/**
 * The host's own configuration for a namespace without the embedded name service: the host's loopback is not the
 * container's.
 */
export function withoutLoopback(conf: ResolvConf): ResolvConf {
  const servers = conf.servers.filter((server) => {
    const ip = parseIp(server.replace(/%.*$/, ""));
    return ip === null || !isLoopback(ip);
  });
  return { ...conf, servers: servers.length > 0 ? servers : publicServers };
}

/**
 * The configuration for a namespace with the embedded name service. Names are first looked up as they are (`ndots:0`),
 * unless an option says otherwise: the service knows names without dots.
 */
export function throughEmbedded(conf: ResolvConf): ResolvConf {
  const options = conf.options.filter((option) => !/^ndots(:|$)/.test(option) || /^ndots:\+?\d+$/.test(option));
  return {
    ...conf,
    servers: [embeddedServer],
    options: options.some((option) => option.startsWith("ndots:")) ? options : [...options, "ndots:0"],
  };
}
