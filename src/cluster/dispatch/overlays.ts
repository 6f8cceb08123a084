import { ingressNetwork } from "../allocate/addresses.ts";
import type { ServiceObject } from "../model/objects.ts";
import type { ClusterState } from "../model/state.ts";
import { isOver, taskStatus } from "../model/task-status.ts";

/** A task on an overlay network, as all machines with one there are told of it. */
export interface OverlayMember {
  task: string;
  service: string;
  node: string;
  /** Where that machine's end of the tunnel is. */
  machine: string;
  /** Without prefix length. */
  addresses: string[];
  /** What it is called alone; what it shares with others. */
  name: string;
  shared: string[];
  /** It takes part in what is shared. */
  healthy: boolean;
}

/** What a machine needs to know of an overlay network beside the network itself. */
export interface Overlay {
  /** UDP port of the tunnel. */
  port: number;
  members: OverlayMember[];
  /** Those with an address of their own here. */
  services: OverlayService[];
  /** Of the ingress network: every node's place on it. */
  machines: Pick<OverlayMember, "node" | "machine" | "addresses">[];
}

/** A service's addresses, which stand for its members'. */
export interface OverlayService {
  id: string;
  name: string;
  /** Without prefix length, one a family at most. */
  addresses: string[];
  /** Of the ingress network: ports that answer on every node, and those of the tasks that they lead to. */
  ports: { protocol: "tcp" | "udp" | "sctp"; published: number; target: number }[];
}

/** The ingress network, where it is needed: some service publishes a port by it. */
export function ingressInUse(state: ClusterState): string | null {
  const network = ingressNetwork(state);
  return network && overlayOf(state, network.ID).services.length > 0 ? network.ID : null;
}

/** By state, for all nodes at once: it is the same for each. */
const known = new WeakMap<ClusterState, { index: number; overlays: Map<string, Overlay> }>();

/** Who is on a network; those that have ended are not. */
export function overlayOf(state: ClusterState, networkId: string): Overlay {
  let cache = known.get(state);
  if (cache?.index !== state.index) known.set(state, (cache = { index: state.index, overlays: overlays(state) }));
  return cache.overlays.get(networkId) ?? { port: portOf(state), members: [], services: [], machines: [] };
}

const versions = new WeakMap<Overlay, string>();

/** Another for other content; computed once for all nodes. */
export function overlayVersion(overlay: Overlay): string {
  const version = versions.get(overlay) ?? String(Bun.hash(JSON.stringify(overlay)));
  versions.set(overlay, version);
  return version;
}

const portOf = (state: ClusterState): number => [...state.all("cluster")][0]?.DataPathPort ?? 4789;

function overlays(state: ClusterState): Map<string, Overlay> {
  const found = new Map<string, Overlay>();
  const at = (networkId: string): Overlay => {
    const overlay = found.get(networkId) ?? { port: portOf(state), members: [], services: [], machines: [] };
    found.set(networkId, overlay);
    return overlay;
  };
  const ingress = ingressNetwork(state)?.ID ?? "";
  for (const service of state.all("service")) {
    const networks = Map.groupBy(service.Endpoint?.VirtualIPs ?? [], ({ NetworkID }) => NetworkID);
    for (const [id, vips] of networks) {
      const addresses = vips.map(({ Addr }) => bare(Addr));
      const ports = id === ingress ? portsOf(service) : [];
      at(id).services.push({ id: service.ID, name: service.Spec.Name, addresses, ports });
    }
  }
  for (const task of state.all("task")) {
    if (task.Networks.length === 0 || task.NodeID === "" || isOver(taskStatus(state, task).State)) continue;
    const machine = state.get("node-report", task.NodeID)?.DataPathAddr ?? "";
    for (const { NetworkID, Addresses, Aliases } of task.Networks) {
      at(NetworkID).members.push({
        task: task.ID,
        service: task.ServiceID,
        node: task.NodeID,
        machine,
        addresses: Addresses.map(bare),
        name: `${task.ServiceName}.${task.Slot < 0 ? task.NodeID : task.Slot}.${task.ID}`,
        shared: [task.ServiceName, `tasks.${task.ServiceName}`, ...Aliases],
        // One that is to end takes nothing new from the moment on that it is told of.
        healthy:
          ["running", "complete"].includes(task.DesiredState) && (state.get("task-report", task.ID)?.Healthy ?? false),
      });
    }
  }
  for (const { ID, IngressAddr } of state.all("node")) {
    const machine = state.get("node-report", ID)?.DataPathAddr ?? "";
    if (IngressAddr === "" || machine === "" || !found.has(ingress)) continue;
    at(ingress).machines.push({ node: ID, machine, addresses: [bare(IngressAddr)] });
  }
  return found;
}

const bare = (cidr: string): string => cidr.split("/")[0] ?? "";

const portsOf = ({ Endpoint }: ServiceObject): OverlayService["ports"] =>
  (Endpoint?.Ports ?? []).flatMap(({ Protocol = "tcp", PublishedPort = 0, TargetPort = 0, PublishMode = "ingress" }) =>
    PublishMode === "ingress" ? [{ protocol: Protocol, published: PublishedPort, target: TargetPort }] : [],
  );
