/** `-p`, `--expose`. */
import type { PortBinding } from "../../../../api/types/container.ts";
import { normalIp } from "./address.ts";
import { cut } from "./csv.ts";

export interface Ports {
  exposed: Record<string, Record<string, never>>;
  bindings: Record<string, PortBinding[]>;
}

/** All `-p` and `--expose` values together. */
export function parsePorts(publish: readonly string[], expose: readonly string[]): Ports {
  const ports: Ports = { exposed: {}, bindings: {} };
  const specs = publish.map(shortNotation);
  for (const spec of specs) publishPort(spec, ports);
  for (const spec of expose) exposePort(spec, ports);
  return ports;
}

/** `published=80,target=8080,protocol=udp` as `80:8080/udp`; all else unchanged. */
function shortNotation(spec: string): string {
  if (!spec.includes("=")) return spec;
  const params: Record<string, string> = { protocol: "tcp" };
  for (const param of spec.split(",")) {
    const [key, value, found] = cut(param, "=");
    if (!found || key === "") throw new Error(`invalid publish opts format (should be name=value but got '${param}')`);
    params[key] = value;
  }
  return `${params["published"] ?? ""}:${params["target"] ?? ""}/${params["protocol"] ?? ""}`;
}

/** `[[IP:]HOST[-END]:]CONTAINER[-END][/PROTO]`; an IPv6 address with or without brackets. */
function publishPort(spec: string, ports: Ports): void {
  const parts = spec.split(":");
  const container = parts.pop() ?? "";
  const host = parts.pop() ?? "";
  const address = hostAddress(parts.join(":"));
  const [range, protocolText] = splitProtocol(container);
  if (range === "") throw new Error(`no port specified: ${spec}<empty>`);
  const protocol = protocolText.toLowerCase();
  if (!["tcp", "udp", "sctp"].includes(protocol)) throw new Error(`invalid proto: ${protocolText}`);
  const target = parseRange(range);
  if (!target) throw new Error(`invalid containerPort: ${range}`);
  const source = host === "" ? null : parseRange(host);
  if (host !== "" && !source) throw new Error(`invalid hostPort: ${host}`);
  const length = target[1] - target[0];
  if (source && source[1] - source[0] !== length && length !== 0) {
    throw new Error(`invalid ranges specified for container and host Ports: ${range} and ${host}`);
  }
  // A range of host ports for one container port: the engine picks one of them.
  const anyOf = source && length === 0 && source[1] !== source[0] ? `${source[0]}-${source[1]}` : null;
  for (let i = 0; i <= length; i++) {
    const port = `${target[0] + i}/${protocol}`;
    ports.exposed[port] = {};
    (ports.bindings[port] ??= []).push({ HostIp: address, HostPort: anyOf ?? (source ? String(source[0] + i) : "") });
  }
}

function hostAddress(text: string): string {
  const bare = text.startsWith("[") && text.endsWith("]") ? text.slice(1, -1) : text;
  if (bare !== "" && normalIp(bare) === null) throw new Error(`invalid IP address: ${bare}`);
  return bare;
}

function exposePort(spec: string, ports: Ports): void {
  if (spec.includes(":")) throw new Error(`invalid port format for --expose: ${spec}`);
  const [range, protocol] = splitProtocol(spec);
  const fail = (problem: string): never => {
    throw new Error(`invalid range format for --expose: ${spec}, error: ${problem}`);
  };
  if (range === "") fail("empty string specified for ports");
  for (const part of range.split("-", 2)) {
    if (!/^\d+$/.test(part)) fail(`strconv.ParseUint: parsing ${JSON.stringify(part)}: invalid syntax`);
    if (Number(part) > 65535) fail(`strconv.ParseUint: parsing ${JSON.stringify(part)}: value out of range`);
  }
  const parsed = parseRange(range) ?? fail(`invalid range specified for port: ${range}`);
  for (let port = parsed[0]; port <= parsed[1]; port++) ports.exposed[`${port}/${protocol.toLowerCase()}`] = {};
}

/** `80/udp` → [`80`, `udp`]; without a protocol, tcp. */
function splitProtocol(text: string): [ports: string, protocol: string] {
  const [ports, protocol] = cut(text, "/");
  return [ports, protocol === "" ? "tcp" : protocol];
}

/** `80` or `80-90`, first and last; null where it is neither. */
function parseRange(text: string): [number, number] | null {
  const match = /^(\d+)(?:-(\d+))?$/.exec(text);
  if (!match) return null;
  const [first, last] = [Number(match[1]), Number(match[2] ?? match[1])];
  return first > 65535 || last > 65535 || last < first ? null : [first, last];
}
