import type { ConfigReference, EndpointSettings, IPAMConfig } from "../api/types/network.ts";
import type { SandboxRequest } from "./sandbox/request.ts";

/** A network as the database keeps it: Docker's wire shape with every field present, and `asked`. */
export interface NetworkRecord {
  Name: string;
  Id: string;
  Created: string;
  Scope: string;
  Driver: string;
  EnableIPv4: boolean;
  EnableIPv6: boolean;
  IPAM: { Driver: string; Options: Record<string, string> | null; Config: IPAMConfig[] };
  /**
   * `IPAM.Config` as the request had it: inspect shows it so, and containers may choose addresses only in its subnets.
   * Not part of the wire shape.
   */
  asked?: IPAMConfig[];
  /** What an IPAM plugin has given for it, to be given back. Not part of the wire shape. */
  pools?: PluginPool[];
  Internal: boolean;
  Attachable: boolean;
  Ingress: boolean;
  ConfigFrom: ConfigReference;
  ConfigOnly: boolean;
  Options: Record<string, string>;
  Labels: Record<string, string>;
}

/** A range of addresses that an IPAM plugin has given, under the id that it knows it by. */
export interface PluginPool {
  id: string;
  family: 4 | 6;
  /** Its name for all of its ranges. */
  addressSpace: string;
  /** It wants to know for which MAC address an address is. */
  needsMac: boolean;
  /** With prefix length; empty: none. */
  gateway: string;
  /** Addresses in it that no container gets, without prefix length. */
  auxiliary: string[];
}

/** What a network plugin has been told of an endpoint, and has said of it. */
export interface PluginEndpoint {
  /** How far it has come: what has to be undone. */
  step: "created" | "joined";
  /** What the interface was called outside of the container. */
  source?: string;
  /** Where its default routes lead; empty: nowhere. */
  gateway: string;
  gateway6: string;
}

/** The network part of a running container. `privateNetns` false: it lives in the host's namespace. */
export interface SandboxRecord extends Omit<SandboxRequest, "endpoints" | "macAddress" | "sysctls" | "onNamespace"> {
  sandboxId: string;
  privateNetns: boolean;
}

/** A container's place on one network. */
export interface EndpointRecord {
  id: string;
  networkId: string;
  containerId: string;
  /** `eth0`, … inside the container; empty on the networks `host` and `none`. */
  interfaceName: string;
  mac: string;
  /** With prefix length; empty: has none. */
  ipv4: string;
  ipv6: string;
  /** As the container asked for it. */
  settings: EndpointSettings;
  /** The container's names in the network's name service; empty on networks without one. */
  names: string[];
  /**
   * Present while a running container is being connected or disconnected: after a crash the next daemon removes the
   * endpoint.
   */
  changing?: "joins" | "leaves";
  /** Present once the network's plugin has been told of it. */
  plugin?: PluginEndpoint;
}

/** Ports `hostPort`… of one host address lead to `containerPort`…, `count` of them one by one. */
export interface PortRange {
  protocol: string;
  /** `0.0.0.0`, `::` or one address of the host. */
  hostIp: string;
  hostPort: number;
  containerPort: number;
  count: number;
}

/** Interface of an endpoint on the host's side: 15 bytes are all a name can have. */
export const hostInterface = (endpointId: string): string => `veth${endpointId.slice(0, 11)}`;
