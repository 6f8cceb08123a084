import { errorMessage } from "../../lib/errors.ts";
import type { DBusValue, Variant } from "../../linux/dbus/codec.ts";
import { BusConnection, DBusError } from "../../linux/dbus/connection.ts";
import type { NetworkDeps } from "../deps.ts";
import type { FirewalldLink } from "../live.ts";
import { bridgesOf } from "./bridges.ts";

/**
 * firewalld drops what comes from an interface that it does not know. So our bridges are in a zone of ours that
 * accepts, and a policy lets others reach it, as dockerd does for its bridges: our own table still decides what passes.
 * The zone and the policy are kept in firewalld's own configuration, the bridges only while it runs: so whenever it
 * starts or reloads they are put in again. (firewalld.dbus(5))
 */
const service = "org.fedoraproject.FirewallD1";
const root = "/org/fedoraproject/FirewallD1";
/** Name of the zone in firewalld that the bridges are put in. */
export const firewalldZone = "berth";
const policy = "berth-forwarding";

const text = (value: string): Variant => ({ signature: "s", value });
const texts = (value: string[]): Variant => ({ signature: "as", value });
const settings = (entries: Record<string, Variant>): DBusValue =>
  Object.entries(entries).map(([key, value]) => [key, value]);

const zoneSettings = settings({
  version: text("1.0"),
  short: text(firewalldZone),
  target: text("ACCEPT"),
  description: text("Bridges of containers. What passes is decided by the container engine's own nftables table."),
});
const policySettings = settings({
  version: text("1.0"),
  short: text(policy),
  target: text("ACCEPT"),
  ingress_zones: texts(["ANY"]),
  egress_zones: texts([firewalldZone]),
  description: text("Traffic to containers. What passes is decided by the container engine's own nftables table."),
});

/**
 * Keeps the bridges known to firewalld until it is disposed of. Does nothing while there is no message bus or no
 * firewalld.
 */
export class Firewalld implements FirewalldLink {
  #bus: BusConnection | null = null;
  #connecting: Promise<void> | null = null;
  #last: Promise<void> = Promise.resolve();
  #ended = false;

  constructor(private readonly deps: NetworkDeps) {}

  /** Puts the bridges where they belong, if firewalld runs. Never throws: errors are written to the log. */
  async join(): Promise<void> {
    this.#last = this.#last
      .then(() => this.#join())
      .catch((error: unknown) => {
        if (!this.#ended)
          this.deps.log.warn("firewalld could not be told of the bridges", { error: errorMessage(error) });
      });
    await this.#last;
  }

  /** The zone of each bridge; null: firewalld does not run. */
  async zones(bridges: readonly string[]): Promise<Map<string, string> | null> {
    const bus = await this.#running();
    if (!bus) return null;
    const zones = new Map<string, string>();
    for (const bridge of bridges) zones.set(bridge, await this.#zoneOf(bus, bridge));
    return zones;
  }

  async #join(): Promise<void> {
    const bus = await this.#running();
    if (!bus) return;
    await this.#makeZone(bus);
    for (const bridge of bridgesOf(this.deps)) {
      // One that the administrator has put into another zone stays there.
      if ((await this.#zoneOf(bus, bridge)) === "")
        await this.#call(bus, "zone", "addInterface", "ss", [firewalldZone, bridge]).catch(unless("ZONE_ALREADY_SET"));
    }
  }

  /** Takes a bridge that is gone out of the zone. */
  async forget(bridge: string): Promise<void> {
    const bus = await this.#running().catch(() => null);
    if (bus) await this.#call(bus, "zone", "removeInterface", "ss", [firewalldZone, bridge]).catch(() => {});
  }

  async #makeZone(bus: BusConnection): Promise<void> {
    const zones = names(await this.#call(bus, "zone", "getZones", "", []));
    const policies = names(await this.#call(bus, "policy", "getPolicies", "", []));
    if (zones.includes(firewalldZone) && policies.includes(policy)) return;
    const config = `${root}/config`;
    if (!zones.includes(firewalldZone))
      await this.#call(bus, "config", "addZone2", "sa{sv}", [firewalldZone, zoneSettings], config).catch(
        unless("NAME_CONFLICT"),
      );
    if (!policies.includes(policy))
      await this.#call(bus, "config", "addPolicy", "sa{sv}", [policy, policySettings], config).catch(
        unless("NAME_CONFLICT"),
      );
    await this.#call(bus, "", "reload", "", []);
  }

  async #zoneOf(bus: BusConnection, bridge: string): Promise<string> {
    return String((await this.#call(bus, "zone", "getZoneOfInterface", "s", [bridge]))[0] ?? "");
  }

  #call(
    bus: BusConnection,
    part: string,
    member: string,
    signature: string,
    args: DBusValue[],
    path = root,
  ): Promise<DBusValue[]> {
    return bus.call({
      destination: service,
      path,
      interface: part ? `${service}.${part}` : service,
      member,
      signature,
      args,
    });
  }

  /** The bus, where firewalld is on it. */
  async #running(): Promise<BusConnection | null> {
    if (this.#ended) return null;
    if (!this.#bus) await (this.#connecting ??= this.#connect().finally(() => (this.#connecting = null)));
    return this.#bus && (await this.#bus.hasOwner(service)) ? this.#bus : null;
  }

  async #connect(): Promise<void> {
    try {
      const bus = await BusConnection.open(this.deps.systemBus, {
        signal: ({ member, args }) => {
          const appeared = member === "NameOwnerChanged" && args[0] === service && args[2] !== "";
          if (appeared || member === "Reloaded") void this.join();
        },
        closed: () => void (this.#bus = null),
      });
      await bus.match(`type='signal',sender='${service}',interface='${service}',member='Reloaded'`);
      await bus.match(`type='signal',sender='org.freedesktop.DBus',member='NameOwnerChanged',arg0='${service}'`);
      if (this.#ended) bus[Symbol.dispose]();
      else this.#bus = bus;
    } catch (error) {
      // Most machines without firewalld have no message bus either.
      this.deps.log.debug("no message bus", { error: errorMessage(error) });
    }
  }

  [Symbol.dispose](): void {
    this.#ended = true;
    this.#bus?.[Symbol.dispose]();
  }
}

const names = ([list]: DBusValue[]): readonly DBusValue[] => (Array.isArray(list) ? list : []);

/** Ignores the error of firewalld that begins with `code`, which says that what was asked for is so already. */
function unless(code: string): (error: unknown) => DBusValue[] {
  return (error) => {
    if (error instanceof DBusError && error.message.startsWith(code)) return [];
    throw error;
  };
}
