import { invalid } from "../lib/errors.ts";
import { formatIp, parseIp } from "../lib/ip.ts";
import type { HostsEntry } from "./context.ts";

/** Content of /etc/hosts. Pure. */

const basis: HostsEntry[] = [
  { ip: "127.0.0.1", names: ["localhost"] },
  { ip: "::1", names: ["localhost", "ip6-localhost", "ip6-loopback"] },
  { ip: "fe00::", names: ["ip6-localnet"] },
  { ip: "ff00::", names: ["ip6-mcastprefix"] },
  { ip: "ff02::1", names: ["ip6-allnodes"] },
  { ip: "ff02::2", names: ["ip6-allrouters"] },
];

const lines = (entries: readonly HostsEntry[]): string => entries.map(({ ip, names }) => `${ip}\t${names.join(" ")}\n`).join("");

/** For a namespace of its own. */
export function hostsFile(entries: readonly HostsEntry[]): string {
  return lines([...basis, ...entries]);
}

/** For the host's namespace: the host's own file and what the container adds. */
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

/** `host.domain host` or `host`. */
export function ownNames(hostname: string, domainname: string): string[] {
  if (hostname === "") return [];
  return domainname === "" || hostname.includes(".") ? [hostname, ...(hostname.includes(".") ? [hostname.split(".")[0] ?? ""] : [])] : [`${hostname}.${domainname}`, hostname];
}
