import { type EngineError, internal } from "../../lib/errors.ts";
import { type Ip, isUnspecified, parseIp, sameIp } from "../../lib/ip.ts";
import { holdPort, releasePorts, socketBudget } from "../../linux/host-port.ts";
import { SystemError } from "../../linux/syscall.ts";
import type { PortRange } from "../record.ts";
import type { PortGrant, PortRequest } from "./plan.ts";

const ephemeral = { first: 49153, last: 65535 };

/** One port at some addresses of the host. */
interface Held {
  containerId: string;
  ips: Ip[];
  fds: number[];
}

/** Ports of the host that containers have, each held by a bound socket so that no other program takes it. */
export class HeldPorts {
  /** By `protocol/port`. */
  readonly #held = new Map<string, Held[]>();
  /** The keys of `#held` that a container is in. */
  readonly #keys = new Map<string, Set<string>>();
  readonly #next = new Map<string, number>();
  /**
   * Ports on [::] that the relay of this process listens on, by protocol; published ports of the same number work all
   * the same, by the firewall's rules.
   */
  own: Readonly<Record<string, number>> = {};
  readonly #parsed = new WeakMap<readonly string[], Ip[]>();
  #sockets = 0;

  /**
   * Once `maxSockets` are open, further ports are only noted: other containers cannot get them, but other programs can.
   */
  constructor(private readonly maxSockets = socketBudget()) {}

  /**
   * Gets all requested ports or none. Throws `internal` where one is not free, with Docker's text without its beginning
   * (`driver failed programming external connectivity on endpoint …: `).
   */
  async acquire(containerId: string, requests: readonly PortRequest[]): Promise<PortGrant[]> {
    const grants: PortGrant[] = [];
    try {
      for (const [index, request] of requests.entries()) {
        // Thousands of ports must not keep everyone else waiting.
        if (index % 256 === 255) await Bun.sleep(0);
        grants.push({
          protocol: request.protocol,
          containerPort: request.containerPort,
          hostIps: request.hostIps,
          hostPort: this.#grant(containerId, request),
        });
      }
      return grants;
    } catch (error) {
      for (const { protocol, hostIps, hostPort } of grants)
        this.#drop(containerId, `${protocol}/${hostPort}`, this.#addresses(hostIps));
      throw error;
    }
  }

  /**
   * Binds the ports of a running container again after a restart of the daemon. Returns those that could not be bound.
   */
  async retake(containerId: string, ranges: readonly PortRange[]): Promise<string[]> {
    const lost: string[] = [];
    let index = 0;
    for (const { protocol, port, ips } of singlePorts(ranges)) {
      if (++index % 256 === 0) await Bun.sleep(0);
      try {
        this.#hold(containerId, protocol, ips, port);
      } catch (error) {
        if (!(error instanceof SystemError)) throw error;
        this.#record(protocol, port, { containerId, ips, fds: [] });
        lost.push(`${port}/${protocol}: ${error.message}`);
      }
    }
    return lost;
  }

  release(containerId: string): void {
    for (const key of this.#keys.get(containerId) ?? []) this.#drop(containerId, key, null);
    this.#keys.delete(containerId);
  }

  /** How many ports a container has; a port on several addresses counts once. */
  count(containerId: string): number {
    return this.#keys.get(containerId)?.size ?? 0;
  }

  /** Releases some of a container's ports. */
  releaseRanges(containerId: string, ranges: readonly PortRange[]): void {
    for (const { protocol, port, ips } of singlePorts(ranges)) this.#drop(containerId, `${protocol}/${port}`, ips);
  }

  releaseAll(): void {
    for (const containerId of [...this.#keys.keys()]) this.release(containerId);
  }

  #grant(containerId: string, request: PortRequest): number {
    const ips = this.#addresses(request.hostIps);
    const fixed = request.first !== 0 && request.first === request.last;
    const { first, last } = request.first === 0 ? ephemeral : request;
    const size = last - first + 1;
    const start = request.first === 0 ? (this.#next.get(request.protocol) ?? first) : first;
    for (let tried = 0; tried < size; tried++) {
      const port = first + ((start - first + tried) % size);
      const taken = ips.find((ip) => this.#isHeld(request.protocol, ip, port));
      if (taken) {
        if (fixed)
          throw internal(`Bind for ${request.hostIps[ips.indexOf(taken)]}:${port} failed: port is already allocated`);
        continue;
      }
      try {
        this.#hold(containerId, request.protocol, ips, port);
      } catch (error) {
        if (!(error instanceof SystemError)) throw error;
        if (!fixed && error.code === "EADDRINUSE") continue;
        throw bindFailure(request, port, error);
      }
      if (request.first === 0) this.#next.set(request.protocol, port === last ? first : port + 1);
      return port;
    }
    throw internal(
      request.first === 0
        ? "all ports are allocated"
        : `Bind for ${request.hostIps[0]}:${first}-${last} failed: all ports are allocated`,
    );
  }

  /** Thousands of requests share one list of addresses. */
  #addresses(hostIps: readonly string[]): Ip[] {
    const known = this.#parsed.get(hostIps);
    if (known) return known;
    const ips = hostIps.map(requireIp);
    this.#parsed.set(hostIps, ips);
    return ips;
  }

  #isHeld(protocol: string, ip: Ip, port: number): boolean {
    return (this.#held.get(`${protocol}/${port}`) ?? []).some((held) =>
      held.ips.some(
        (other) =>
          other.family === ip.family && (other.value === ip.value || isUnspecified(other) || isUnspecified(ip)),
      ),
    );
  }

  #hold(containerId: string, protocol: string, ips: Ip[], port: number): void {
    const free = port === this.own[protocol] ? ips.filter((ip) => ip.family === 4) : ips;
    const fds = this.#sockets + free.length > this.maxSockets ? [] : holdPort(protocol, free, port);
    this.#sockets += fds.length;
    this.#record(protocol, port, { containerId, ips, fds });
  }

  #record(protocol: string, port: number, held: Held): void {
    const key = `${protocol}/${port}`;
    const list = this.#held.get(key);
    if (list) list.push(held);
    else this.#held.set(key, [held]);
    const keys = this.#keys.get(held.containerId);
    if (keys) keys.add(key);
    else this.#keys.set(held.containerId, new Set([key]));
  }

  /** Releases what the container holds under the key, where all its addresses are among `ips`; null: everything. */
  #drop(containerId: string, key: string, ips: readonly Ip[] | null): void {
    const list = this.#held.get(key) ?? [];
    const goes = (held: Held) =>
      held.containerId === containerId &&
      (ips === null || held.ips.every((ip) => ips.some((other) => sameIp(ip, other))));
    for (const { fds } of list.filter(goes)) {
      releasePorts(fds);
      this.#sockets -= fds.length;
    }
    const rest = list.filter((held) => !goes(held));
    if (rest.length > 0) this.#held.set(key, rest);
    else this.#held.delete(key);
    if (!rest.some((held) => held.containerId === containerId)) this.#keys.get(containerId)?.delete(key);
  }
}

/** Each port with all its addresses. */
function singlePorts(ranges: readonly PortRange[]): Iterable<{ protocol: string; port: number; ips: Ip[] }> {
  const byPort = new Map<string, { protocol: string; port: number; ips: Ip[] }>();
  for (const { protocol, hostIp, hostPort, count } of ranges) {
    for (let port = hostPort; port < hostPort + count; port++) {
      const entry = byPort.get(`${protocol}/${port}`) ?? { protocol, port, ips: [] };
      entry.ips.push(requireIp(hostIp));
      byPort.set(`${protocol}/${port}`, entry);
    }
  }
  return byPort.values();
}

function requireIp(text: string): Ip {
  const ip = parseIp(text);
  if (!ip) throw internal(`no address: ${text}`);
  return ip;
}

function bindFailure({ protocol, hostIps }: PortRequest, port: number, error: SystemError): EngineError {
  const words = error.code === "EADDRINUSE" ? "address already in use" : error.message.replace(/^.*: /, "");
  return internal(`failed to bind host port ${hostIps[0]}:${port}/${protocol}: ${words}`, error);
}
