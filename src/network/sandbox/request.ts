import type { NetworkSettings, PortMap } from "../../api/types/container.ts";
import type { EndpointSettings } from "../../api/types/network.ts";

/** What a container asks of its network at start. Wire shapes as in `HostConfig` and `NetworkingConfig`. */
export interface SandboxRequest {
  containerId: string;
  /** Without the leading slash. */
  name: string;
  hostname: string;
  domainname: string;
  /**
   * `default`, `bridge`, `none`, `host`, or name or id of a network. Not `container:…`: the caller uses that one's
   * namespace.
   */
  networkMode: string;
  /** By network name or id; interfaces are made in this order, that of networkMode first. May be empty. */
  endpoints: Record<string, EndpointSettings | null>;
  /** `80/tcp`, … of image and container; what `publishAllPorts` publishes. */
  exposedPorts: string[];
  portBindings: PortMap;
  publishAllPorts: boolean;
  /** For the endpoint of networkMode, where that endpoint's settings name no address of their own. */
  macAddress?: string;
  /** A descriptor of the user namespace that the network namespace belongs to; absent: the daemon's. */
  userns?: number;
  /** Applied to the namespace; only `net.*`. */
  sysctls?: Record<string, string>;
  /** Empty lists: the daemon's, else the host's. */
  dns: string[];
  dnsOptions: string[];
  dnsSearch: string[];
  /** `name:address` or `name=address`; the address may be `host-gateway`. */
  extraHosts: string[];
  /**
   * Called when the namespace exists but is still empty; not for the host's. Interfaces are made once its promise has
   * resolved. A caller can begin to build the container around the namespace meanwhile, to save time.
   */
  onNamespace?: (path: string) => Promise<void>;
  /** Links of the default bridge, resolved by the caller: the other container, and its whole alias (`b`, `a/b`). */
  links: { containerId: string; alias: string }[];
}

/** One line of `/etc/hosts`: an address (without prefix length) and the names for it. */
export interface HostsEntry {
  ip: string;
  names: string[];
}

/** A container's network now; connect and disconnect return it too. */
export interface Sandbox {
  /** The file that the network namespace is mounted on; null: the container is in the host's. */
  netnsPath: string | null;
  settings: NetworkSettings;
  /** Content of /etc/resolv.conf. */
  resolvConf: string;
  /** Whole content of /etc/hosts, `hostsEntries` included. */
  hosts: string;
  /** What is particular to this container: extra hosts, links, its own addresses. */
  hostsEntries: HostsEntry[];
}
