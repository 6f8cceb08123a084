import { EngineError, internal } from "../../lib/errors.ts";
import { isUnspecified, parseIp, type Ip } from "../../lib/ip.ts";
import { holdPort, releasePorts, socketBudget } from "../../linux/host-port.ts";
import { SystemError } from "../../linux/syscall.ts";
import type { PortRange } from "../record.ts";
import type { PortGrant, PortRequest } from "./plan.ts";

const ephemeral = { first: 49153, last: 65535 };

interface Held {
  containerId: string;
  ip: Ip;
}

/** Ports of the host that containers have, each held by a bound socket so that no other program takes it. */
export class HeldPorts {
  /** By `protocol/port`. */
  readonly #held = new Map<string, Held[]>();
  readonly #fds = new Map<string, number[]>();
  readonly #next = new Map<string, number>();
  readonly #parsed = new WeakMap<readonly string[], Ip[]>();
  #sockets = 0;

  /** Beyond `maxSockets` a port is held against our own containers only. */
  constructor(private readonly maxSockets = socketBudget()) {}

  /**
   * All of the requests or none. A port that cannot be had throws with Docker's words, without their beginning
   * (`driver failed programming external connectivity on endpoint …: `).
   */
  async acquire(containerId: string, requests: readonly PortRequest[]): Promise<PortGrant[]> {
    const grants: PortGrant[] = [];
    try {
      for (const [index, request] of requests.entries()) {
        // Thousands of ports must not keep everyone else waiting.
        if (index % 256 === 255) await Bun.sleep(0);
        grants.push({ protocol: request.protocol, containerPort: request.containerPort, hostIps: request.hostIps, hostPort: this.#grant(containerId, request) });
      }
      return grants;
    } catch (error) {
      this.release(containerId);
      throw error;
    }
  }

  /** Takes ports again that a container already has, after a restart of the daemon. Says which could not be had. */
  async retake(containerId: string, ranges: readonly PortRange[]): Promise<string[]> {
    const lost: string[] = [];
    const byPort = new Map<string, { protocol: string; port: number; ips: Ip[] }>();
    for (const { protocol, hostIp, hostPort, count } of ranges) {
      for (let port = hostPort; port < hostPort + count; port++) {
        const entry = byPort.get(`${protocol}/${port}`) ?? { protocol, port, ips: [] };
        entry.ips.push(requireIp(hostIp));
        byPort.set(`${protocol}/${port}`, entry);
      }
    }
    let index = 0;
    for (const { protocol, port, ips } of byPort.values()) {
      if (++index % 256 === 0) await Bun.sleep(0);
      try {
        this.#hold(containerId, protocol, ips, port);
      } catch (error) {
        if (!(error instanceof SystemError)) throw error;
        this.#record(containerId, protocol, ips, port);
        if (!this.#fds.has(containerId)) this.#fds.set(containerId, []);
        lost.push(`${port}/${protocol}: ${error.message}`);
      }
    }
    return lost;
  }

  release(containerId: string): void {
    const fds = this.#fds.get(containerId);
    if (!fds) return;
    releasePorts(fds);
    this.#sockets -= fds.length;
    this.#fds.delete(containerId);
    for (const [key, list] of this.#held) {
      const rest = list.filter((held) => held.containerId !== containerId);
      if (rest.length === 0) this.#held.delete(key);
      else if (rest.length < list.length) this.#held.set(key, rest);
    }
  }

  releaseAll(): void {
    for (const containerId of [...this.#fds.keys()]) this.release(containerId);
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
        if (fixed) throw internal(`Bind for ${request.hostIps[ips.indexOf(taken)]}:${port} failed: port is already allocated`);
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
    throw internal(request.first === 0 ? "all ports are allocated" : `Bind for ${request.hostIps[0]}:${first}-${last} failed: all ports are allocated`);
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
    return (this.#held.get(`${protocol}/${port}`) ?? []).some(
      (held) => held.ip.family === ip.family && (held.ip.value === ip.value || isUnspecified(held.ip) || isUnspecified(ip)),
    );
  }

  #hold(containerId: string, protocol: string, ips: Ip[], port: number): void {
    const fds = this.#sockets + ips.length > this.maxSockets ? [] : holdPort(protocol, ips, port);
    this.#sockets += fds.length;
    const all = this.#fds.get(containerId);
    if (all) all.push(...fds);
    else this.#fds.set(containerId, fds);
    this.#record(containerId, protocol, ips, port);
  }

  #record(containerId: string, protocol: string, ips: Ip[], port: number): void {
    const key = `${protocol}/${port}`;
    const list = this.#held.get(key) ?? [];
    list.push(...ips.map((ip) => ({ containerId, ip })));
    this.#held.set(key, list);
  }
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
