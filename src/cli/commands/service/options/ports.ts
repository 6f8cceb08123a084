/** `--publish`: ports of services. */
import type { EndpointPortConfig } from "../../../../api/types/swarm.ts";
import { csvFields, cut } from "../../container/options/csv.ts";
import { parsePorts } from "../../container/options/ports.ts";

/** `[PUBLISHED:]TARGET[/PROTOCOL]`, also of ranges, or `target=80,published=8080,protocol=tcp,mode=ingress`. */
export function parsePublished(text: string): EndpointPortConfig[] {
  return text.includes("=") ? [longForm(text)] : shortForm(text);
}

function longForm(text: string): EndpointPortConfig {
  const port: EndpointPortConfig = { Protocol: "tcp", PublishMode: "ingress" };
  for (const field of csvFields(text)) {
    const [rawKey, value, found] = cut(field.toLowerCase(), "=");
    const key = rawKey.trim();
    if (!found || key === "") throw new Error(`invalid field: ${field}`);
    switch (key) {
      case "protocol":
        if (value !== "tcp" && value !== "udp" && value !== "sctp")
          throw new Error(`invalid protocol value '${value}'`);
        port.Protocol = value;
        break;
      case "mode":
        if (value !== "ingress" && value !== "host")
          throw new Error(`invalid publish mode value (${value}): must be either 'ingress' or 'host'`);
        port.PublishMode = value;
        break;
      case "target":
        port.TargetPort = portNumber("target", value);
        break;
      case "published":
        port.PublishedPort = portNumber("published", value);
        break;
      default:
        throw new Error(`invalid field key: ${key}`);
    }
  }
  if (!port.TargetPort) throw new Error("missing mandatory field 'target'");
  return port;
}

function portNumber(name: string, text: string): number {
  if (!/^\d+$/.test(text)) throw new Error(`invalid ${name} port (${text}): value must be an integer: invalid syntax`);
  const port = Number(text);
  if (port > 65535) throw new Error(`invalid ${name} port (${text}): value must be an integer: value out of range`);
  return port;
}

function shortForm(text: string): EndpointPortConfig[] {
  const { bindings } = parsePorts([text], []);
  return Object.entries(bindings).flatMap(([key, hosts]) => {
    const [target, protocol] = cut(key, "/");
    return hosts.flatMap(({ HostIp, HostPort }) => {
      if (HostIp && HostIp !== "0.0.0.0") throw new Error("hostip is not supported");
      return published(HostPort ?? "").map((port) => ({
        Protocol: protocol as "tcp",
        TargetPort: Number(target),
        ...(port !== 0 && { PublishedPort: port }),
        PublishMode: "ingress" as const,
      }));
    });
  });
}

/** Every port of `8000-8002`; one that is chosen by the engine is 0. */
function published(text: string): number[] {
  if (text === "") return [0];
  const [first = 0, last = first] = text.split("-").map(Number);
  return Array.from({ length: last - first + 1 }, (_, i) => first + i);
}

/** What makes two of them the same. */
export function portKey(port: EndpointPortConfig): string {
  const { Protocol = "tcp", TargetPort = 0, PublishedPort = 0, PublishMode = "ingress" } = port;
  return `${PublishedPort}:${TargetPort}/${Protocol}/${PublishMode}`;
}
