import { errorMessage } from "../../lib/errors.ts";
import { formatCidr, parseCidr } from "../../lib/ip.ts";
import type { NetworkDeps } from "../deps.ts";
import { driverOf } from "../driver/driver.ts";
import type { NetworkRecord } from "../record.ts";
import { ask } from "./ask.ts";
import { releasePools } from "./ipam.ts";

/** Has the network's plugin make it; does nothing where it has none. Throws what the plugin says. */
export async function createAtPlugin(deps: NetworkDeps, network: NetworkRecord): Promise<void> {
  if (network.ConfigOnly || !driverOf(deps, network).plugin) return;
  const { Id, Driver, Options, EnableIPv4, EnableIPv6, Internal } = network;
  await ask(deps.plugins, Driver, "NetworkDriver.CreateNetwork", {
    NetworkID: Id,
    Options: {
      "com.docker.network.enable_ipv4": EnableIPv4,
      "com.docker.network.enable_ipv6": EnableIPv6,
      "com.docker.network.generic": Options,
      ...(Internal && { "com.docker.network.internal": true }),
    },
    IPv4Data: addressData(network, 4),
    IPv6Data: addressData(network, 6),
  });
}

function addressData(network: NetworkRecord, family: 4 | 6): Record<string, unknown>[] {
  return network.IPAM.Config.flatMap(({ Subnet, Gateway, AuxiliaryAddresses }) => {
    const subnet = parseCidr(Subnet ?? "");
    if (subnet?.ip.family !== family) return [];
    const sized = (address: string) => `${address.split("/")[0]}/${subnet.prefix}`;
    const auxiliary = Object.entries(AuxiliaryAddresses ?? {}).map(([name, address]) => [name, sized(address ?? "")]);
    return [
      {
        AddressSpace:
          network.pools?.[0]?.addressSpace ?? (network.Scope === "global" ? "GlobalDefault" : "LocalDefault"),
        Gateway: Gateway ? sized(Gateway) : "",
        Pool: formatCidr(subnet),
        ...(auxiliary.length > 0 && { AuxAddresses: Object.fromEntries(auxiliary) }),
      },
    ];
  });
}

/** Tells the plugins of a network that it is gone. Goes on past failures, which are told in the log. */
export async function forgetAtPlugins(deps: NetworkDeps, network: NetworkRecord): Promise<void> {
  if (network.ConfigOnly) return;
  await releasePools(deps, network);
  if (!driverOf(deps, network).plugin) return;
  try {
    await ask(deps.plugins, network.Driver, "NetworkDriver.DeleteNetwork", { NetworkID: network.Id });
  } catch (error) {
    deps.log.warn("a network plugin did not delete a network", { network: network.Name, error: errorMessage(error) });
  }
}
