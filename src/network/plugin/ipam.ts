import type { EndpointSettings, IPAMConfig } from "../../api/types/network.ts";
import { errorMessage, internal } from "../../lib/errors.ts";
import { containsIp, formatCidr, type IpFamily, networkOf, parseCidr, parseIp } from "../../lib/ip.ts";
import { randomMac } from "../../linux/netlink/link.ts";
import { fieldsOf, textOf, truthOf } from "../../plugin/answer.ts";
import type { Plugins } from "../../plugin/plugins.ts";
import type { NetworkDeps } from "../deps.ts";
import type { NetworkRecord, PluginPool } from "../record.ts";
import { addressOf } from "../table.ts";
import { ask } from "./ask.ts";

const gatewayKey = "com.docker.network.gateway";
/** Options of a request for a network's gateway. */
export const gatewayRequest = { RequestAddressType: gatewayKey };

/** Whether addresses of the network are given by a plugin. */
export const hasIpamPlugin = (deps: NetworkDeps, { IPAM }: NetworkRecord): boolean =>
  !deps.ipamDrivers.has(IPAM.Driver);

/**
 * Has a plugin choose the subnets of a new network, and the gateways in them. What it has given is noted in `pools` of
 * the network at once, for {@link releasePools}, and becomes its configuration.
 */
export async function requestPools(deps: NetworkDeps, network: NetworkRecord): Promise<void> {
  const { Driver, Options } = network.IPAM;
  const capabilities = await ask(deps.plugins, Driver, "IpamDriver.GetCapabilities");
  const needsMac = truthOf(capabilities, "RequiresMACAddress");
  const spaces = await ask(deps.plugins, Driver, "IpamDriver.GetDefaultAddressSpaces");
  const addressSpace = textOf(spaces, `${network.Scope === "global" ? "Global" : "Local"}DefaultAddressSpace`);
  const asked = network.IPAM.Config;
  const configs: IPAMConfig[] = [];
  network.pools = [];
  for (const family of families(network)) {
    const own = asked.filter(({ Subnet }) => parseCidr(Subnet ?? "")?.ip.family === family);
    for (const config of own.length > 0 ? own : [{}])
      configs.push(
        await requestPool(deps, network, network.pools, {
          config,
          options: Options ?? {},
          pool: { id: "", family, addressSpace, needsMac, gateway: "", auxiliary: [] },
        }),
      );
  }
  network.IPAM = { ...network.IPAM, Config: configs };
}

const families = ({ EnableIPv4, EnableIPv6 }: NetworkRecord): IpFamily[] => [
  ...(EnableIPv4 ? [4 as const] : []),
  ...(EnableIPv6 ? [6 as const] : []),
];

/** A range of the network, and what is asked for it. */
interface PoolRequest {
  config: IPAMConfig;
  options: Record<string, string>;
  pool: PluginPool;
}

/** `IpamDriver.RequestPool`. */
export async function askForPool(
  plugins: Plugins,
  driver: string,
  { config, options, pool }: PoolRequest,
): Promise<unknown> {
  return await ask(plugins, driver, "IpamDriver.RequestPool", {
    AddressSpace: pool.addressSpace,
    Pool: config.Subnet ?? "",
    SubPool: config.IPRange ?? "",
    Options: options,
    V6: pool.family === 6,
  });
}

async function requestPool(
  { plugins }: NetworkDeps,
  { IPAM: { Driver } }: NetworkRecord,
  pools: PluginPool[],
  { config, options, pool }: PoolRequest,
): Promise<IPAMConfig> {
  const { family } = pool;
  const answer = await askForPool(plugins, Driver, { config, options, pool });
  pool.id = textOf(answer, "PoolID");
  pools.push(pool);
  const text = textOf(answer, "Pool");
  const subnet = parseCidr(text);
  if (subnet?.ip.family !== family)
    throw internal(`remote: the plugin gave no IPv${family} subnet: ${JSON.stringify(text)}`);
  const given = textOf(fieldsOf(answer, "Data"), gatewayKey);
  pool.gateway =
    given && !config.Gateway
      ? given
      : await askForAddress(plugins, Driver, pool.id, config.Gateway ?? "", gatewayRequest);
  for (const auxiliary of Object.values(config.AuxiliaryAddresses ?? {}))
    pool.auxiliary.push(addressOf(await askForAddress(plugins, Driver, pool.id, auxiliary ?? "", null)));
  return {
    Subnet: formatCidr(networkOf(subnet)),
    ...(config.IPRange && { IPRange: config.IPRange }),
    ...(pool.gateway && { Gateway: addressOf(pool.gateway) }),
    ...(config.AuxiliaryAddresses && { AuxiliaryAddresses: config.AuxiliaryAddresses }),
  };
}

/** `IpamDriver.RequestAddress`: one with prefix length, or none. Throws where the plugin gives something else. */
export async function askForAddress(
  plugins: Plugins,
  driver: string,
  poolId: string,
  wanted: string,
  options: Record<string, string> | null,
): Promise<string> {
  const body = { PoolID: poolId, Address: wanted, Options: options };
  const text = textOf(await ask(plugins, driver, "IpamDriver.RequestAddress", body), "Address");
  if (text === "" || parseCidr(text)) return text;
  throw internal(`remote: the plugin gave no address: ${JSON.stringify(text)}`);
}

/** Gives a network's subnets back. Goes on past failures, which are told in the log. */
export async function releasePools(deps: NetworkDeps, network: NetworkRecord): Promise<void> {
  for (const { id, gateway, auxiliary } of network.pools ?? []) {
    for (const address of [gateway, ...auxiliary])
      if (address) await release(deps, network, "ReleaseAddress", { PoolID: id, Address: addressOf(address) });
    await release(deps, network, "ReleasePool", { PoolID: id });
  }
}

/** What a container gets on a network, chosen elsewhere; with prefix length, empty: nothing of the family. */
export interface GivenAddresses {
  ipv4: string;
  ipv6: string;
  /** Empty: none was chosen for it. */
  mac: string;
}

/** Has a plugin choose addresses for an endpoint; null: the engine chooses. What is taken on failure is given back. */
export async function requestAddresses(
  deps: NetworkDeps,
  network: NetworkRecord,
  settings: EndpointSettings,
): Promise<GivenAddresses | null> {
  if (!network.pools || !hasIpamPlugin(deps, network)) return null;
  // A plugin that keeps no notes knows only then what it has given.
  await deps.live.replayed;
  const { Driver } = network.IPAM;
  const needsMac = network.pools.some((pool) => pool.needsMac);
  const mac = needsMac ? settings.MacAddress || randomMac() : "";
  const options = mac ? { "com.docker.network.endpoint.macaddress": mac } : null;
  const given: GivenAddresses = { ipv4: "", ipv6: "", mac };
  try {
    for (const { id, family } of network.pools) {
      const { IPv4Address, IPv6Address } = settings.IPAMConfig ?? {};
      const [field, wanted] = family === 4 ? (["ipv4", IPv4Address] as const) : (["ipv6", IPv6Address] as const);
      if (given[field]) continue;
      given[field] = await askForAddress(deps.plugins, Driver, id, wanted ?? "", options);
      requireInside(network, family, given[field]);
    }
    return given;
  } catch (error) {
    await releaseAddresses(deps, network, given);
    throw error;
  }
}

function requireInside({ IPAM }: NetworkRecord, family: IpFamily, text: string): void {
  const ip = parseIp(addressOf(text));
  const subnets = IPAM.Config.flatMap(({ Subnet }) => parseCidr(Subnet ?? "") ?? []);
  if (ip?.family === family && subnets.some((subnet) => containsIp(subnet, ip))) return;
  throw internal(`remote: the plugin gave an address outside of its subnet: ${JSON.stringify(text)}`);
}

/** Gives an endpoint's addresses back. Goes on past failures, which are told in the log. */
export async function releaseAddresses(
  deps: NetworkDeps,
  network: NetworkRecord,
  given: Pick<GivenAddresses, "ipv4" | "ipv6">,
): Promise<void> {
  for (const { id, family } of hasIpamPlugin(deps, network) ? (network.pools ?? []) : []) {
    const address = addressOf(family === 4 ? given.ipv4 : given.ipv6);
    if (address) await release(deps, network, "ReleaseAddress", { PoolID: id, Address: address });
  }
}

async function release(
  { plugins, log }: NetworkDeps,
  { Name, IPAM }: NetworkRecord,
  verb: "ReleaseAddress" | "ReleasePool",
  body: Record<string, unknown>,
): Promise<void> {
  try {
    await ask(plugins, IPAM.Driver, `IpamDriver.${verb}`, body);
  } catch (error) {
    log.warn("an IPAM plugin does not take back what it gave", { network: Name, verb, error: errorMessage(error) });
  }
}
