import { invalid } from "../../lib/errors.ts";
import { formatIp, parseIp } from "../../lib/ip.ts";
import type { HostsEntry } from "./request.ts";

/** Content of /etc/hosts. Pure. */

const basis: HostsEntry[] = [
  { ip: "127.0.0.1", names: ["localhost"] },
  { ip: "::1", names: ["localhost", "ip6-localhost", "ip6-loopback"] },
  { ip: "fe00::", names: ["ip6-localnet"] },
  { ip: "ff00::", names: ["ip6-mcastprefix"] },
  { ip: "ff02::1", names: ["ip6-allnodes"] },
  { ip: "ff02::2", names: ["ip6-allrouters"] },
];

const lines = (entries: readonly HostsEntry[]): string =>
  entries.map(({ ip, names }) => `${ip}\t${names.join(" ")}\n`).join("");

/** The file for a container with its own network namespace. */
export function hostsFile(entries: readonly HostsEntry[]): string {
  return lines([...basis, ...entries]);
}

/** The file for a container in the host's namespace: the host's own file, then what the container adds. */
export function hostsFileOfHost(hostFile: string, entries: readonly HostsEntry[]): string {
  return hostFile + (hostFile === "" || hostFile.endsWith("\n") ? "" : "\n") + lines(entries);
}

/** `name:address`, `name=address`, `name:host-gateway`. `gateways` is what the last stands for. */
export function extraHostsEntries(extraHosts: readonly string[], gateways: readonly string[]): HostsEntry[] {
  return extraHosts.flatMap((text) => {
    const at = text.search(/[:=]/);
    const name = text.slice(0, at);
    const address = text.slice(at + 1).replace(/^\[(.*)\]$/, "$1");
    if (at <= 0) throw invalid(`bad format for add-host: "${text}"`);
    if (address === "host-gateway") {
      if (gateways.length === 0) throw invalid("unable to derive the IP value for host-gateway");
      return gateways.map((ip) => ({ ip, names: [name] }));
    }
    const ip = parseIp(address);
    if (!ip) throw invalid(`invalid IP address in add-host: "${address}"`);
    return [{ ip: formatIp(ip), names: [name] }];
  });
}

/**
 * A container's file after a change of the engine's entries from `before` to `after`: lines of entries that are gone
 * are removed, new ones are added at the end. What the container itself wrote stays.
 */
export function withChanges(text: string, before: readonly HostsEntry[], after: readonly HostsEntry[]): string {
  const key = ({ ip, names: [name = ""] }: HostsEntry) => `${ip} ${name}`;
  const [old, now] = [new Set(before.map(key)), new Set(after.map(key))];
  const kept = text
    .split("\n")
    .filter((line) => {
      const [ip = "", name = ""] = line.split(/\s+/, 2);
      return !old.has(`${ip} ${name}`) || now.has(`${ip} ${name}`);
    })
    .join("\n");
  return withLines(
    kept,
    after.filter((entry) => !old.has(key(entry))),
  );
}

function withLines(text: string, entries: readonly HostsEntry[]): string {
  return entries.length === 0 || text === "" || text.endsWith("\n")
    ? text + lines(entries)
    : `${text}\n${lines(entries)}`;
}

/**
 * Changes the addresses in the lines of links to those of `entries`, whose names begin with alias and host name;
 * entries without a line are added at the end.
 */
export function withLinks(text: string, entries: readonly HostsEntry[]): string {
  return entries.reduce((now, { ip, names }) => {
    const isTheirs = (line: string) =>
      isOfLink(line, names) && line.split(/\s/, 1)[0]?.includes(":") === ip.includes(":");
    if (now.split("\n").some(isTheirs))
      return now
        .split("\n")
        .map((line) => (isTheirs(line) ? line.replace(/^\S+/, ip) : line))
        .join("\n");
    return withLines(now, [{ ip, names }]);
  }, text);
}

/** Without the lines of one link. */
export function withoutLink(text: string, alias: string, hostname: string): string {
  return text
    .split("\n")
    .filter((line) => !isOfLink(line, [alias, hostname]))
    .join("\n");
}

/** By alias and host name together: an extra host may have the alias as well. */
function isOfLink(line: string, [alias, hostname]: readonly string[]): boolean {
  const names = line.replace(/^\S+\s/, "");
  return `${names} `.startsWith(`${alias} ${hostname} `);
}

/** `host.domain host` or `host`. */
export function ownNames(hostname: string, domainname: string): string[] {
  if (hostname === "") return [];
  return domainname === "" || hostname.includes(".")
    ? [hostname, ...(hostname.includes(".") ? [hostname.split(".")[0] ?? ""] : [])]
    : [`${hostname}.${domainname}`, hostname];
}
