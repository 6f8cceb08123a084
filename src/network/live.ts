import { KeyedLock } from "../lib/lock.ts";
import { NETLINK, NetlinkSocket } from "../linux/netlink/socket.ts";
import type { NameServer } from "./dns/server.ts";
import { FirewallQueue } from "./firewall/queue.ts";
import type { OverlayState } from "./overlay/desired.ts";
import { HeldPorts } from "./ports/held-ports.ts";
import type { PortRange } from "./record.ts";

/** Carries IPv6 connections to containers that have IPv4 only; see `startRelay`. */
export interface Relay extends Disposable {
  /** Its port by protocol. */
  tcp: number;
  udp: number;
  /** Ends the flows to these ports of the host: their clients' next datagrams begin new ones. */
  forgetFlows(concerned: (hostPort: number) => boolean): void;
}

/** The machine's firewalld, which does not have to run. */
export interface FirewalldLink extends Disposable {
  /** Puts the bridges in the engine's zone. Never throws. */
  join(): Promise<void>;
  /** The zone of each bridge; null: firewalld does not run. */
  zones(bridges: readonly string[]): Promise<Map<string, string> | null>;
  /** Takes a bridge that is gone out of its zone. */
  forget(bridge: string): Promise<void>;
}

/** State of a running daemon that no database can hold. Everything in it is rebuilt by `reconcileNetworks`. */
export class LiveNetworks implements Disposable {
  /** By container id: set-up, tear-down, connect and disconnect of one container exclude each other. */
  readonly sandboxLocks = new KeyedLock();
  /**
   * `networks`: create and remove exclude each other, subnets are chosen one at a time. `foreign firewalls`: one task
   * at a time reads and changes the rules of other firewalls.
   */
  readonly networkLocks = new KeyedLock();
  readonly firewall = new FirewallQueue();
  readonly ports = new HeldPorts();
  /** Of containers on user-defined networks, by container id. */
  readonly nameServers = new Map<string, NameServer>();
  readonly tunnels = new Map<string, OverlayState>();
  /** Ports of the host that are held for the cluster's services. */
  ingressPorts: PortRange[] = [];
  /** What each container's rules for services were written from last, as a hash, by container id. */
  readonly balanced = new Map<string, number | bigint>();
  /** null: not started, or a machine without IPv6. */
  relay: Relay | null = null;
  /** Links of containers that are gone; see `expectGone`. */
  readonly lingering: { names: Set<string>; timer: NodeJS.Timeout | null } = { names: new Set(), timer: null };
  /** What the machine's administrator has put into our table, as nft(8) writes it. */
  administrator = "";
  /** null: not started. */
  firewallWatch: Disposable | null = null;
  /** null: no port needs it. */
  admission: Disposable | null = null;
  /** null: not started. */
  firewalld: FirewalldLink | null = null;
  /** When other firewalls of the machine were last looked at; milliseconds since 1970. */
  foreignCheckedAt = 0;
  /** When IPAM plugins know again what they have given; see `replayPools`. Never rejects. */
  replayed: Promise<void> = Promise.resolve();
  #route: NetlinkSocket | null = null;

  /** The daemon's own rtnetlink socket, in the host's namespace. Calls are synchronous, so all share it. */
  get route(): NetlinkSocket {
    return (this.#route ??= new NetlinkSocket(NETLINK.ROUTE));
  }

  /** Releases every port and socket. What was set up in the kernel keeps working without them. */
  [Symbol.dispose](): void {
    this.firewallWatch?.[Symbol.dispose]();
    this.firewallWatch = null;
    this.admission?.[Symbol.dispose]();
    this.admission = null;
    this.firewalld?.[Symbol.dispose]();
    this.firewalld = null;
    this.ports.releaseAll();
    if (this.lingering.timer) clearTimeout(this.lingering.timer);
    for (const server of this.nameServers.values()) server[Symbol.dispose]();
    this.nameServers.clear();
    this.relay?.[Symbol.dispose]();
    this.relay = null;
    this.firewall[Symbol.dispose]();
    this.#route?.[Symbol.dispose]();
    this.#route = null;
  }
}
