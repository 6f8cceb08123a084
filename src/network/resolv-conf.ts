import { readFileSync } from "node:fs";
import { isLoopback, parseIp } from "../lib/ip.ts";

/** resolv.conf(5), read and written. Pure but for {@link hostResolvConf}. */
export interface ResolvConf {
  servers: string[];
  search: string[];
  options: string[];
}

/** Address of the engine's own name service inside every namespace on a user-defined network. */
export const embeddedServer = "127.0.0.11";

/** Where the host names nobody that a container could reach. */
const publicServers = ["8.8.8.8", "8.8.4.4"];

export function parseResolvConf(text: string): ResolvConf {
  const conf: ResolvConf = { servers: [], search: [], options: [] };
  for (const line of text.split("\n")) {
    const [keyword, ...words] = line.replace(/[#;].*$/, "").trim().split(/\s+/);
    if (keyword === "nameserver" && words[0]) conf.servers.push(words[0]);
    // Of `search` and `domain` the last one counts.
    else if ((keyword === "search" || keyword === "domain") && words.length > 0) conf.search = words;
    else if (keyword === "options") conf.options.push(...words);
  }
  return conf;
}

export function formatResolvConf({ servers, search, options }: ResolvConf): string {
  return [
    ...servers.map((server) => `nameserver ${server}`),
    ...(search.length > 0 ? [`search ${search.join(" ")}`] : []),
    ...(options.length > 0 ? [`options ${options.join(" ")}`] : []),
  ].join("\n") + "\n";
}

/** The host's configuration; with systemd-resolved the one behind its stub, which containers cannot reach. */
export function hostResolvConf(): ResolvConf {
  const conf = parseResolvConf(readText("/etc/resolv.conf"));
  const behind = conf.servers.join() === "127.0.0.53" ? readText("/run/systemd/resolve/resolv.conf") : "";
  return behind === "" ? conf : parseResolvConf(behind);
}

/** A small file of the host; empty where there is none. At once: a turn of the event loop takes longer. */
export function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

/** `chosen` wins over `host` list by list; a search of `.` is none at all. */
export function mergeResolvConf(chosen: ResolvConf, host: ResolvConf): ResolvConf {
  const search = chosen.search.length > 0 ? chosen.search : host.search;
  return {
    servers: chosen.servers.length > 0 ? chosen.servers : host.servers,
    search: search.length === 1 && search[0] === "." ? [] : search,
    options: chosen.options.length > 0 ? chosen.options : host.options,
  };
}

/** For a namespace without the embedded name service: the host's loopback is not the container's. */
export function withoutLoopback(conf: ResolvConf): ResolvConf {
  const servers = conf.servers.filter((server) => {
    const ip = parseIp(server.replace(/%.*$/, ""));
    return ip === null || !isLoopback(ip);
  });
  return { ...conf, servers: servers.length > 0 ? servers : publicServers };
}

/** For a namespace with it. Every name is asked for as it is first: the service knows names without dots. */
export function throughEmbedded(conf: ResolvConf): ResolvConf {
  const options = conf.options.some((option) => option.startsWith("ndots:")) ? conf.options : [...conf.options, "ndots:0"];
  return { ...conf, servers: [embeddedServer], options };
}
