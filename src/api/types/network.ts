import type { ConfigReference, IPAM } from "../schema/network.ts";

/** What clients send is defined by its schema. */
export type { EndpointIPAMConfig, EndpointSettings, NetworkingConfig } from "../schema/endpoint.ts";
export type {
  ConfigReference,
  IPAM,
  IPAMConfig,
  NetworkConnectRequest,
  NetworkCreateRequest,
  NetworkDisconnectRequest,
} from "../schema/network.ts";

/** `PeerInfo` of the Engine API. */
export interface PeerInfo {
  Name?: string;
  IP?: string;
}

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

export type { CheckItem as NetworkCheckItem } from "./check.ts";

/** `NetworkSummary` of the Engine API. */
export type NetworkSummary = Network;

/** `NetworkInspect` of the Engine API. */
export interface NetworkInspect extends Network {
  Containers?: Record<string, EndpointResource>;
  Services?: Record<string, unknown>;
  Status?: NetworkStatus;
}

/** `NetworkCreateResponse` of the Engine API. */
export interface NetworkCreateResponse {
  Id: string;
  Warning: string;
}

/** `NetworkStatus` of the Engine API. */
export interface NetworkStatus {
  IPAM?: IPAMStatus;
}

/** `EndpointResource` of the Engine API. */
export interface EndpointResource {
  Name?: string;
  EndpointID?: string;
  MacAddress?: string;
  IPv4Address?: string;
  IPv6Address?: string;
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
