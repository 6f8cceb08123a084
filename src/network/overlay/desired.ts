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
}

/** A container on another machine. */
export interface OverlayPeer {
  /** Its addresses on the network, without prefix length. */
  addresses: readonly string[];
  /** Where that machine's end of the tunnel is. */
  machine: string;
}
