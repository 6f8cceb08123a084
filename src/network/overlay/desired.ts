/** What a machine is told of an overlay network: who else is on it, and where. */
export interface OverlayState {
  /** Of the network that this machine has as well. */
  networkId: string;
  /** VXLAN identifier. */
  vni: number;
  /** This machine's end of the tunnel, an address of its own, and the UDP port of all ends. */
  local: string;
  port: number;
  peers: readonly OverlayPeer[];
  /**
   * This machine's own addresses on the network, without prefix length: what others send there it takes. Empty: it has
   * none.
   */
  own: readonly string[];
}

/** A container on another machine. */
export interface OverlayPeer {
  /** Its addresses on the network, without prefix length. */
  addresses: readonly string[];
  /** Where that machine's end of the tunnel is. */
  machine: string;
}

/** A service's address on a network, and whose addresses it stands for. */
export interface ServiceAddress {
  /** Of either family, without prefix length. */
  vip: string;
  backends: readonly Backend[];
}

/** One that does a service's work. */
export interface Backend {
  /** Of the same family as the service's, without prefix length. */
  address: string;
  /** It is given new connections; one that is not keeps those it has. */
  ready: boolean;
}

/** Ports that answer on every machine of a cluster. */
export interface Ingress {
  /**
   * This machine's own addresses on the ingress network, one a family at most, without prefix length: whoever comes by
   * this machine to a task on another is seen there as coming from it.
   */
  own: readonly string[];
  ports: readonly IngressPort[];
}

/** A published port and who takes its connections: those on this machine, or, where none of them is ready, others. */
export interface IngressPort {
  protocol: "tcp" | "udp" | "sctp";
  port: number;
  backends: readonly IngressBackend[];
}

/** A task on the ingress network. */
export interface IngressBackend extends Backend {
  port: number;
  /** It runs on this machine. */
  local: boolean;
}
