import type { ConfigReference, PeerInfo } from "./swarm.ts";

/** `Network` of the Engine API. */
export interface Network {
  Name?: string;
  Id?: string;
  Created?: string;
  Scope?: string;
  Driver?: string;
  EnableIPv4?: boolean;
  EnableIPv6?: boolean;
  IPAM?: IPAM;
  Internal?: boolean;
  Attachable?: boolean;
  Ingress?: boolean;
  ConfigFrom?: ConfigReference;
  ConfigOnly?: boolean;
  Options?: Record<string, string>;
  Labels?: Record<string, string>;
  Peers?: PeerInfo[];
}

/** `NetworkSummary` of the Engine API. */
export type NetworkSummary = Network;

/** `NetworkInspect` of the Engine API. */
export interface NetworkInspect extends Network {
  Containers?: Record<string, EndpointResource>;
  Services?: Record<string, unknown>;
  Status?: NetworkStatus;
}

/** `NetworkConnectRequest` of the Engine API; a request shape, so every field may be absent or null. */
export interface NetworkConnectRequest {
  Container?: string | null;
  EndpointConfig?: EndpointSettings | null;
}

/** The body of `POST /networks/create`; a request shape, so every field may be absent or null. */
export interface NetworkCreateRequest {
  Name?: string | null;
  Driver?: string | null;
  Scope?: string | null;
  Internal?: boolean | null;
  Attachable?: boolean | null;
  Ingress?: boolean | null;
  ConfigOnly?: boolean | null;
  ConfigFrom?: ConfigReference | null;
  IPAM?: IPAM | null;
  EnableIPv4?: boolean | null;
  EnableIPv6?: boolean | null;
  Options?: Record<string, string> | null;
  Labels?: Record<string, string> | null;
}

/** `NetworkCreateResponse` of the Engine API. */
export interface NetworkCreateResponse {
  Id: string;
  Warning: string;
}

/** `NetworkDisconnectRequest` of the Engine API; a request shape, so every field may be absent or null. */
export interface NetworkDisconnectRequest {
  Container?: string | null;
  Force?: boolean | null;
}

/** `NetworkStatus` of the Engine API. */
export interface NetworkStatus {
  IPAM?: IPAMStatus;
}

/** `NetworkingConfig` of the Engine API; a request shape, so every field may be absent or null. */
export interface NetworkingConfig {
  EndpointsConfig?: Record<string, EndpointSettings> | null;
}

/** `EndpointSettings` of the Engine API; a request shape, so every field may be absent or null. */
export interface EndpointSettings {
  IPAMConfig?: EndpointIPAMConfig | null;
  Links?: string[] | null;
  MacAddress?: string | null;
  Aliases?: string[] | null;
  DriverOpts?: Record<string, string> | null;
  GwPriority?: number | null;
  NetworkID?: string | null;
  EndpointID?: string | null;
  Gateway?: string | null;
  IPAddress?: string | null;
  IPPrefixLen?: number | null;
  IPv6Gateway?: string | null;
  GlobalIPv6Address?: string | null;
  GlobalIPv6PrefixLen?: number | null;
  DNSNames?: string[] | null;
}

/** `EndpointIPAMConfig` of the Engine API; a request shape, so every field may be absent or null. */
export type EndpointIPAMConfig = {
  IPv4Address?: string | null;
  IPv6Address?: string | null;
  LinkLocalIPs?: string[] | null;
} | null;

/** `EndpointResource` of the Engine API. */
export interface EndpointResource {
  Name?: string;
  EndpointID?: string;
  MacAddress?: string;
  IPv4Address?: string;
  IPv6Address?: string;
}

/** `IPAM` of the Engine API; a request shape, so every field may be absent or null. */
export interface IPAM {
  Driver?: string | null;
  Config?: IPAMConfig[] | null;
  Options?: Record<string, string> | null;
}

/** `IPAMConfig` of the Engine API; a request shape, so every field may be absent or null. */
export interface IPAMConfig {
  Subnet?: string | null;
  IPRange?: string | null;
  Gateway?: string | null;
  AuxiliaryAddresses?: Record<string, string> | null;
}

/** `IPAMStatus` of the Engine API. */
export interface IPAMStatus {
  Subnets?: Record<string, SubnetStatus>;
}

/** `SubnetStatus` of the Engine API. */
export interface SubnetStatus {
  IPsInUse?: number;
  DynamicIPsAvailable?: number;
}
