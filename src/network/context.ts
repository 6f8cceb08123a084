import type { NetworkSettings, PortMap } from "../api/types/container.ts";
import type { EndpointSettings } from "../api/types/network.ts";
import type { Logger } from "../lib/log.ts";
import type { Store } from "../store/store.ts";
import type { LiveNetworks } from "./live.ts";

/** What the verbs of `network/` need. Plain data, put together by daemon/wire.ts. */
export interface NetworkContext {
  store: Store;
  events: NetworkEvents;
  log: Logger;
  /** `netns/<container id>` under it holds the network namespaces. */
  execRoot: string;
  /** Eight hex digits that tell this daemon from others on the machine; names the nft table. */
  instance: string;
  /** The default network called `bridge`; null: there is none (`--bridge none`). */
  bridge: BridgeConfig | null;
  /** Name servers and so on for containers that name none of their own. */
  dns: DnsConfig;
  /** Where subnets of networks come from that ask for none; see {@link defaultAddressPools}. */
  addressPools: AddressPool[];
  /** Options that new networks get unless they name them, by driver. */
  defaultOptions: Record<string, Record<string, string>>;
  /** What `host-gateway` in an extra host stands for; empty: the default bridge's own address. */
  hostGatewayIps: string[];
  /** Host address of published ports that name none; Docker's `--ip`. Empty: every address, v4 and v6. */
  publishAddress: string;
  /** Turn the machine's IP forwarding on where a network needs it. */
  ipForward: boolean;
  /** What cannot be in the database: locks, held ports, name servers, sockets. Made by `new LiveNetworks()`. */
  live: LiveNetworks;
}

/** The part of the event bus that networks speak to. */
export interface NetworkEvents {
  publish(type: "network", action: string, actor: { ID: string; Attributes: Record<string, string> }): void;
}

export interface BridgeConfig {
  /** Name of the kernel's bridge, 15 bytes at most. */
  name: string;
  /** The bridge's own address with its prefix length (`172.30.0.1/16`), as `--bip`; empty: from the pools. */
  cidr: string;
  /** Part of the subnet that containers get addresses from; empty: all of it. */
  fixedCidr: string;
  /** As `--ipv6` and `--fixed-cidr-v6`. With IPv6 and no subnet one is made from the instance's own fd00::/8 prefix. */
  ipv6: boolean;
  fixedCidrV6: string;
  /** Address of the default route of containers; empty: the bridge's own. */
  defaultGateway: string;
  defaultGatewayV6: string;
  /** Containers on it may talk to each other. */
  icc: boolean;
  /** Hide containers behind the host's address when they leave. */
  masquerade: boolean;
  /** 0: 1500. */
  mtu: number;
}

export interface DnsConfig {
  servers: string[];
  search: string[];
  options: string[];
}

/** Subnets of `size` prefix bits cut from `base`. */
export interface AddressPool {
  base: string;
  size: number;
}

/** What a container asks of its network at start. Wire shapes as in `HostConfig` and `NetworkingConfig`. */
export interface SandboxRequest {
  containerId: string;
  /** Without the leading slash. */
  name: string;
  hostname: string;
  domainname: string;
  /** `default`, `bridge`, `none`, `host`, or name or id of a network. Not `container:…`: the caller uses that one's namespace. */
  networkMode: string;
  /** By network name or id; interfaces are made in this order, that of networkMode first. May be empty. */
  endpoints: Record<string, EndpointSettings | null>;
  /** `80/tcp`, … of image and container; what `publishAllPorts` publishes. */
  exposedPorts: string[];
  portBindings: PortMap;
  publishAllPorts: boolean;
  /** For the endpoint of networkMode, where that names none itself. */
  macAddress?: string;
  /** Applied to the namespace; only `net.*`. */
  sysctls?: Record<string, string>;
  /** Empty lists: the daemon's, else the host's. */
  dns: string[];
  dnsOptions: string[];
  dnsSearch: string[];
  /** `name:address` or `name=address`; the address may be `host-gateway`. */
  extraHosts: string[];
  /**
   * Called when the namespace stands, without anything in it yet; not for the host's. Interfaces come when its promise
   * has resolved: who has begun to build the container around the namespace by then loses no time.
   */
  onNamespace?: (path: string) => Promise<void>;
  /** Legacy links of the default bridge, resolved by the caller: the other container and the names it gets. */
  links: { containerId: string; alias: string }[];
}

export interface HostsEntry {
  ip: string;
  names: string[];
}

/** A container's network as it stands; also what connect and disconnect return. */
export interface Sandbox {
  /** File to enter the namespace by; null: the host's own. */
  netnsPath: string | null;
  settings: NetworkSettings;
  /** Content of /etc/resolv.conf. */
  resolvConf: string;
  /** Whole content of /etc/hosts, `hostsEntries` included. */
  hosts: string;
  /** What is particular to this container: extra hosts, links, its own addresses. */
  hostsEntries: HostsEntry[];
}
