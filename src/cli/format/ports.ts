import type { PortSummary } from "../../api/types/container.ts";

const address = (ip: string, port: string) => (ip.includes(":") ? `[${ip}]:${port}` : `${ip}:${port}`);

/** Ports as `ps` shows them: `0.0.0.0:80->80/tcp, 443/tcp`; neighbours whose numbers match are joined to a range. */
export function displayPorts(ports: readonly PortSummary[]): string {
  const sorted = [...ports].sort(
    (a, b) =>
      a.PrivatePort - b.PrivatePort ||
      compare(a.IP ?? "", b.IP ?? "") ||
      (a.PublicPort ?? 0) - (b.PublicPort ?? 0) ||
      compare(a.Type, b.Type),
  );
  const groups = new Map<string, { ip: string; type: string; first: number; last: number }>();
  const texts: string[] = [];
  const mapped: string[] = [];
  for (const { IP = "", PrivatePort, PublicPort = 0, Type } of sorted) {
    if (IP !== "" && PublicPort !== PrivatePort) {
      mapped.push(`${address(IP, String(PublicPort))}->${PrivatePort}/${Type}`);
      continue;
    }
    const key = `${IP}/${Type}`;
    const group = groups.get(key);
    if (group && PrivatePort === group.last + 1) group.last = PrivatePort;
    else {
      if (group) texts.push(groupText(group));
      if (group) Object.assign(group, { first: PrivatePort, last: PrivatePort });
      else groups.set(key, { ip: IP, type: Type, first: PrivatePort, last: PrivatePort });
    }
  }
  return [...texts, ...[...groups.values()].map(groupText), ...mapped].join(", ");
}

function groupText({ ip, type, first, last }: { ip: string; type: string; first: number; last: number }): string {
  const range = first === last ? `${first}` : `${first}-${last}`;
  return `${ip === "" ? range : `${address(ip, range)}->${range}`}/${type}`;
}

const compare = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);
