import type { ConfigReference } from "../api/types/swarm.ts";
import type { EndpointSettings, IPAMConfig } from "../api/types/network.ts";
import type { SandboxRequest } from "./context.ts";

/** A network as it is kept: Docker's wire shape, every field there. */
export interface NetworkRecord {
  Name: string;
  Id: string;
  Created: string;
  Scope: string;
  Driver: string;
  EnableIPv4: boolean;
  EnableIPv6: boolean;
  IPAM: { Driver: string; Options: Record<string, string> | null; Config: IPAMConfig[] };
  Internal: boolean;
  Attachable: boolean;
  Ingress: boolean;
  ConfigFrom: ConfigReference;
  ConfigOnly: boolean;
  Options: Record<string, string>;
  Labels: Record<string, string>;
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
  /** `eth0`, … inside; empty on host and none. */
  interfaceName: string;
  mac: string;
  /** With prefix length; empty: has none. */
  ipv4: string;
  ipv6: string;
  /** As the container asked for it. */
  settings: EndpointSettings;
  /** What the network's name service calls it; empty on networks without one. */
  names: string[];
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

/** The three networks that always exist. */
export const predefinedNetworks = ["bridge", "host", "none"] as const;

export const isPredefined = (name: string): boolean => predefinedNetworks.some((predefined) => predefined === name);

/** Interface of an endpoint on the host's side: 15 bytes are all a name can have. */
export const hostInterface = (endpointId: string): string => `veth${endpointId.slice(0, 11)}`;
