import type { EndpointPortConfig } from "../../api/types/swarm.ts";
import { invalid } from "../../lib/errors.ts";
import type { NetworkObject, ServiceObject } from "../model/objects.ts";
import type { ClusterState } from "../model/state.ts";
import type { Draft } from "../store/store.ts";
import { Addresses, ingressNetwork } from "./addresses.ts";

/** Where ports come from that a service wants to have published without saying as which. */
const firstPort = 30_000;
const lastPort = 32_767;

type Endpoint = NonNullable<ServiceObject["Endpoint"]>;

/**
 * The ports and virtual addresses of a service, in Docker's order: the ingress network's first. What it has already
 * (`before`) it keeps. Undefined: it has neither networks nor ports. Throws `invalid`, in Docker's words, where a port
 * is another service's, and `unavailable` where addresses or ports have run out.
 */
export function allocateEndpoint(
  state: ClusterState,
  { ID, Spec }: Pick<Draft<"service">, "ID" | "Spec">,
  before?: Endpoint,
): Endpoint | undefined {
  const { Mode = "vip", Ports = [] } = Spec.EndpointSpec ?? {};
  const networks = (Spec.TaskTemplate.Networks ?? []).flatMap(({ Target = "" }) => {
    const network = state.get("network", Target);
    return network && network.VNIs.length > 0 ? [network] : [];
  });
  if (!Spec.EndpointSpec && networks.length === 0) return undefined;
  const ports = allocatePorts(state, ID, Ports, before?.Ports ?? []);
  const wanted = [
    ...(ports.some(({ PublishMode = "ingress" }) => PublishMode === "ingress") ? [requireIngress(state)] : []),
    ...(Mode === "vip" ? networks : []),
  ];
  return {
    Spec: { Mode, ...(Ports.length > 0 && { Ports }) },
    Ports: ports,
    VirtualIPs: virtualAddresses(state, wanted, before?.VirtualIPs ?? []),
  };
}

function requireIngress(state: ClusterState): NetworkObject {
  const network = ingressNetwork(state);
  if (!network) throw invalid("the cluster has no ingress network: ports can only be published with mode=host");
  return network;
}

/** One entry a family of each network. */
function virtualAddresses(
  state: ClusterState,
  networks: readonly NetworkObject[],
  before: Endpoint["VirtualIPs"],
): Endpoint["VirtualIPs"] {
  const addresses = new Addresses(state);
  return networks.flatMap((network) => {
    const kept = before.filter(({ NetworkID }) => NetworkID === network.ID);
    return kept.length > 0 ? kept : addresses.take(network).map((Addr) => ({ NetworkID: network.ID, Addr }));
  });
}

function allocatePorts(
  state: ClusterState,
  serviceId: string,
  wanted: readonly EndpointPortConfig[],
  before: readonly EndpointPortConfig[],
): EndpointPortConfig[] {
  const others = [...state.all("service")].filter(({ ID }) => ID !== serviceId);
  const asIngress = new Map<string, ServiceObject>();
  const onHosts = new Map<string, ServiceObject>();
  for (const service of others) {
    for (const port of service.Endpoint?.Ports ?? [])
      (port.PublishMode === "host" ? onHosts : asIngress).set(keyOf(port), service);
  }
  const requested = wanted.map((port) => ({
    ...port,
    Protocol: port.Protocol ?? ("tcp" as const),
    PublishMode: port.PublishMode ?? ("ingress" as const),
  }));
  for (const port of requested) {
    if (!port.PublishedPort) continue;
    const other = asIngress.get(keyOf(port));
    if (other) throw inUse(port, other, "an ingress port");
    const host = port.PublishMode === "ingress" && onHosts.get(keyOf(port));
    if (host) throw inUse(port, host, "a host-published port");
  }
  const taken = new Set([...asIngress.keys(), ...onHosts.keys(), ...requested.map(keyOf)]);
  return requested.map((port) => {
    if (port.PublishedPort || port.PublishMode === "host") return port;
    const kept = before.find(
      (other) => other.TargetPort === port.TargetPort && other.Protocol === port.Protocol && !taken.has(keyOf(other)),
    );
    const given = { ...port, PublishedPort: kept?.PublishedPort || freePort(port, taken) };
    taken.add(keyOf(given));
    return given;
  });
}

const keyOf = ({ Protocol = "tcp", PublishedPort = 0 }: EndpointPortConfig): string => `${Protocol}/${PublishedPort}`;

const inUse = ({ PublishedPort }: EndpointPortConfig, { ID, Spec }: ServiceObject, what: string): Error =>
  invalid(`port '${PublishedPort}' is already in use by service '${Spec.Name}' (${ID}) as ${what}`);

function freePort(port: EndpointPortConfig, taken: ReadonlySet<string>): number {
  for (let number = firstPort; number <= lastPort; number++)
    if (!taken.has(keyOf({ ...port, PublishedPort: number }))) return number;
  throw invalid(`all ports from ${firstPort} to ${lastPort} are published: name one`);
}
