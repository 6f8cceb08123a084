import { parseIp, sameIp } from "../../lib/ip.ts";
import { IPPROTO, type Tracked } from "../../linux/netlink/conntrack.ts";
import type { NetworkDeps } from "../deps.ts";
import { changeIngress, wantedIngress } from "../firewall/changes.ts";
import { forgetWhere } from "../ports/forget-flows.ts";
import type { PortRange } from "../record.ts";
import type { Ingress } from "./desired.ts";
import { ingressOf, saveIngress } from "./table.ts";

/** Who holds the ports, among containers. */
const holder = "ingress";

/**
 * Says where the ports lead that answer on every machine of the cluster; null: there are none any more. A task on this
 * machine sees its clients' own addresses. Connections go on where they went first, until that backend is not among
 * the port's any more; UDP moves as soon as its backend is not ready. A port that a container of this machine has
 * published stays that container's.
 */
export async function applyIngress(deps: NetworkDeps, ingress: Ingress | null): Promise<void> {
  using _lock = await deps.live.networkLocks.acquire("ingress");
  const told = ingressOf(deps.store);
  const before = wantedIngress(deps);
  if (JSON.stringify(told) !== JSON.stringify(ingress)) saveIngress(deps.store, ingress);
  await holdIngress(deps);
  await changeIngress(deps, before, wantedIngress(deps));
  const moved = movedFlows(told, ingress);
  if (moved) forgetWhere(deps, moved);
}

/** No other program, and no container, takes the ports. Those that others have already are told of in the log. */
export async function holdIngress(deps: NetworkDeps): Promise<void> {
  const ips = deps.live.relay ? ["0.0.0.0", "::"] : ["0.0.0.0"];
  const ranges = (wantedIngress(deps)?.ports ?? []).flatMap(({ protocol, port }): PortRange[] =>
    ips.map((hostIp) => ({ protocol, hostIp, hostPort: port, containerPort: port, count: 1 })),
  );
  const wanted = new Set(ranges.map(keyOf));
  const held = deps.live.ingressPorts;
  deps.live.ports.releaseRanges(
    holder,
    held.filter((range) => !wanted.has(keyOf(range))),
  );
  const known = new Set(held.map(keyOf));
  const lost = await deps.live.ports.retake(
    holder,
    ranges.filter((range) => !known.has(keyOf(range))),
  );
  deps.live.ingressPorts = ranges;
  for (const port of lost) deps.log.warn("another program has a port that a service publishes", { port });
}

const keyOf = ({ protocol, hostIp, hostPort }: PortRange): string => `${protocol}/${hostIp}/${hostPort}`;

/** Flows whose backend is gone or, UDP, not ready; and UDP of ports that have just come, which went elsewhere. */
function movedFlows(before: Ingress | null, after: Ingress | null): ((flow: Tracked) => boolean) | null {
  const now = new Map((after?.ports ?? []).map((port) => [`${port.protocol}/${port.port}`, port]));
  const known = new Set((before?.ports ?? []).map((port) => `${port.protocol}/${port.port}`));
  const lost = (before?.ports ?? []).flatMap(({ protocol, port, backends }) => {
    const left = new Map(
      (now.get(`${protocol}/${port}`)?.backends ?? []).map((one) => [`${one.address} ${one.port}`, one]),
    );
    return backends.flatMap(({ address, port: at }) => {
      const backend = left.get(`${address} ${at}`);
      const goes = backend === undefined || (protocol === "udp" && !backend.ready);
      const ip = parseIp(address);
      return goes && ip ? [{ protocol, port, ip, at }] : [];
    });
  });
  const fresh = [...now].flatMap(([key, { protocol, port }]) => (protocol === "udp" && !known.has(key) ? [port] : []));
  if (lost.length === 0 && fresh.length === 0) return null;
  return ({ original, reply }) =>
    lost.some(
      ({ protocol, port, ip, at }) =>
        protocol !== "sctp" &&
        original.protocol === IPPROTO[protocol] &&
        original.destinationPort === port &&
        sameIp(reply.source, ip) &&
        reply.sourcePort === at,
    ) ||
    (original.protocol === IPPROTO.udp &&
      fresh.includes(original.destinationPort) &&
      sameIp(reply.source, original.destination));
}
