import { KeyedLock } from "../lib/lock.ts";
import { NETLINK, NetlinkSocket } from "../linux/netlink/socket.ts";
import { FirewallQueue } from "./firewall/queue.ts";
import { HeldPorts } from "./ports/held-ports.ts";
import type { Relay } from "./relay/start.ts";

/** State of a running daemon that no database can hold. Everything in it is rebuilt by `reconcileNetworks`. */
export class LiveNetworks implements Disposable {
  /** By container id: set-up, tear-down, connect and disconnect of one container exclude each other. */
  readonly sandboxLocks = new KeyedLock();
  /** One key, `networks`: create and remove exclude each other, subnets are chosen one at a time. */
  readonly networkLocks = new KeyedLock();
  readonly firewall = new FirewallQueue();
  readonly ports = new HeldPorts();
  /** Of containers on user-defined networks, by container id. */
  readonly nameServers = new Map<string, Disposable>();
  /** null: not started, or a machine without IPv6. */
  relay: Relay | null = null;
  /** Links of containers that are gone; see `expectGone`. */
  readonly lingering: { names: Set<string>; timer: NodeJS.Timeout | null } = { names: new Set(), timer: null };
  /** When other firewalls of the machine were last looked at; milliseconds since 1970. */
  foreignCheckedAt = 0;
  #route: NetlinkSocket | null = null;

  /** The daemon's own rtnetlink socket, in the host's namespace. Calls are synchronous, so all share it. */
  get route(): NetlinkSocket {
    return (this.#route ??= new NetlinkSocket(NETLINK.ROUTE));
  }

  /** Lets go of every port and socket. What is in the kernel goes on without. */
  [Symbol.dispose](): void {
    this.ports.releaseAll();
    if (this.lingering.timer) clearTimeout(this.lingering.timer);
    for (const server of this.nameServers.values()) server[Symbol.dispose]();
    this.nameServers.clear();
    this.relay?.close();
    this.relay = null;
    this.firewall[Symbol.dispose]();
    this.#route?.[Symbol.dispose]();
    this.#route = null;
  }
}
