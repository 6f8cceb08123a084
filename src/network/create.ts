import type { IPAMConfig, NetworkCreateRequest, NetworkCreateResponse } from "../api/types/network.ts";
import { conflict, forbidden, invalid, notFound } from "../lib/errors.ts";
import { parseCidr } from "../lib/ip.ts";
import { requireRoom } from "../store/room.ts";
import { globalAddressPools, uniqueLocalPool } from "./address/ipam.ts";
import { type IpamChoice, validateIpam } from "./address/ipam-config.ts";
import { defaultIpamDriver } from "./address/ipam-driver.ts";
import { hostSubnets, networkSubnets } from "./address/taken-subnets.ts";
import type { NetworkDeps } from "./deps.ts";
import { defaultDriver, driverOf } from "./driver/driver.ts";
import { publishNetworkEvent } from "./events.ts";
import { bridgesOf } from "./firewall/bridges.ts";
import { changeNetwork } from "./firewall/changes.ts";
import { admitToForeign } from "./firewall/foreign.ts";
import { routeLoopback } from "./firewall/loopback.ts";
import { enableForwarding } from "./forwarding.ts";
import { booleanOption, isBoolean } from "./options.ts";
import { scopeOf } from "./plugin/driver.ts";
import { hasIpamPlugin, releasePools, requestPools } from "./plugin/ipam.ts";
import { createAtPlugin } from "./plugin/network.ts";
import { emptyNetwork, isPredefined } from "./predefined.ts";
import type { NetworkRecord } from "./record.ts";
import { deleteNetwork, networkById, networkByName, saveNetwork } from "./table.ts";

/** What a request by a client cannot say; for code that makes a network on behalf of a cluster, or takes one over. */
export interface GivenNetwork {
  /** The id that the cluster gave it. Default: a new one. */
  id?: string;
  /** RFC 3339; default: now. */
  created?: string;
  /** What was chosen for it elsewhere, where the request names no subnet of the family. */
  subnets?: readonly IPAMConfig[];
  /** Published ports come in by it. */
  ingress?: boolean;
  /** Default: the request's, which may not be `swarm`. */
  scope?: "local" | "swarm" | "global";
}

/** `POST /networks/create`. */
export async function createNetwork(
  deps: NetworkDeps,
  request: NetworkCreateRequest,
  given: GivenNetwork = {},
): Promise<NetworkCreateResponse> {
  const name = request.Name ?? "";
  if (name.trim() === "") throw invalid("invalid name: name is empty");
  if (isPredefined(deps, name)) throw forbidden(`operation is not permitted on predefined ${name} network `);
  const network = recordOf(deps, request, name, given);
  await using undo = new AsyncDisposableStack();
  await askPlugins(deps, network, given, undo);
  await register(deps, network, request, given, undo);
  await createAtPlugin(deps, network);

  undo.move();
  publishNetworkEvent(deps, "create", network);
  return { Id: network.Id, Warning: "" };
}

/** What plugins have to say of a new network: where it counts, and its subnets. Nobody waits for them meanwhile. */
async function askPlugins(
  deps: NetworkDeps,
  network: NetworkRecord,
  { scope, subnets = [] }: GivenNetwork,
  undo: AsyncDisposableStack,
): Promise<void> {
  if (network.ConfigOnly) return;
  if (networkByName(deps.store, network.Name)) throw conflict(`network with name ${network.Name} already exists`);
  // A cluster gives each container its address: its subnets are as good as asked for.
  network.asked = scope === "swarm" ? [...subnets] : network.IPAM.Config;
  if (driverOf(deps, network).plugin) {
    const told = await scopeOf(deps.plugins, network.Driver);
    network.Scope = scope ?? told;
  }
  if (!hasIpamPlugin(deps, network)) return;
  undo.defer(() => releasePools(deps, network));
  await requestPools(deps, network);
}

/** Chooses what is not chosen yet, writes the network down and makes it on this machine: one at a time. */
async function register(
  deps: NetworkDeps,
  network: NetworkRecord,
  request: NetworkCreateRequest,
  given: GivenNetwork,
  undo: AsyncDisposableStack,
): Promise<void> {
  using _lock = await deps.live.networkLocks.acquire("networks");
  if (network.ConfigFrom.Network) configNetwork(deps, request, network.ConfigFrom.Network);
  if (!network.ConfigOnly) {
    if (!network.pools) network.IPAM = { ...network.IPAM, Config: ipamConfig(deps, network, given.subnets ?? []) };
    driverOf(deps, network).validate(deps, network);
  }
  if (networkByName(deps.store, network.Name)) throw conflict(`network with name ${network.Name} already exists`);
  if (networkById(deps.store, network.Id)) throw conflict(`network with id ${network.Id} already exists`);
  requireRoom(deps.store);
  saveNetwork(deps.store, network);
  undo.defer(() => deleteNetwork(deps.store, network.Id));
  await raise(deps, network, undo);
}

/** Makes what the network needs in the kernel. */
async function raise(deps: NetworkDeps, network: NetworkRecord, undo: AsyncDisposableStack): Promise<void> {
  const driver = driverOf(deps, network);
  if (network.ConfigOnly) return;
  undo.defer(() => driver.remove(deps, network));
  driver.ensure(deps, network);
  await changeNetwork(deps, "add", network);
  undo.defer(() => routeLoopback(bridgesOf(deps, [network]), false));
  routeLoopback(bridgesOf(deps, [network]), true);
  await admitToForeign(deps);
  await deps.live.firewalld?.join();
  enableForwarding(deps);
}

function recordOf(
  deps: NetworkDeps,
  request: NetworkCreateRequest,
  name: string,
  { id, created, scope, ingress }: GivenNetwork,
): NetworkRecord {
  if (request.ConfigOnly && (request.Ingress || request.Internal || request.Attachable || request.Scope)) {
    throw forbidden(
      "configuration network can only contain network specific fields. " +
        "Network operator fields like [ ingress | internal | attachable | scope ] are not supported.",
    );
  }
  const source = request.ConfigFrom?.Network ? configNetwork(deps, request, request.ConfigFrom.Network) : null;
  const driver = request.Driver || defaultDriver;
  const options = {
    ...(source ? {} : deps.defaultOptions[driver]),
    ...(source?.Options ?? request.Options),
  };
  const enabled = (asked: boolean | null | undefined, option: string, fallback: boolean) => {
    const value = asked ?? (isBoolean(options[option]) ? booleanOption(options, option, fallback) : null);
    if (value === null) throw invalid(`driver-opt "${option}" is not a valid bool`);
    if (asked != null) delete options[option];
    return value;
  };
  validateIpam(request.IPAM);
  const network: NetworkRecord = {
    ...emptyNetwork(name, request.ConfigOnly ? "null" : requireDriver(deps, driver, scope)),
    ...(id !== undefined && { Id: id }),
    ...(created !== undefined && { Created: created }),
    EnableIPv4: source?.EnableIPv4 ?? enabled(request.EnableIPv4, "com.docker.network.enable_ipv4", true),
    EnableIPv6: source?.EnableIPv6 ?? enabled(request.EnableIPv6, "com.docker.network.enable_ipv6", false),
    IPAM: source?.IPAM ?? {
      Driver: request.IPAM?.Driver || defaultIpamDriver,
      Options: request.IPAM?.Options ?? null,
      Config: request.IPAM?.Config ?? [],
    },
    Scope: scope ?? (request.Scope || "local"),
    Internal: request.Internal ?? false,
    Attachable: request.Attachable ?? false,
    Ingress: ingress ?? false,
    ConfigFrom: { Network: request.ConfigFrom?.Network ?? "" },
    ConfigOnly: request.ConfigOnly ?? false,
    Options: options,
    Labels: { ...(source?.Labels ?? {}), ...request.Labels },
  };
  if (network.ConfigOnly) return network;
  if (!network.EnableIPv4 && !network.EnableIPv6) throw invalid("IPv4 or IPv6 must be enabled");
  if (request.Scope === "swarm") throw forbidden("cannot create a swarm scoped network when swarm is not active");
  if (request.Ingress) throw forbidden("Ingress network can only be global scope network");
  return network;
}

const withoutConfig = "are not supported if the network depends on a configuration network";

/** What a configuration-only network prescribes. */
function configNetwork(deps: NetworkDeps, request: NetworkCreateRequest, name: string): NetworkRecord {
  if (request.ConfigOnly) throw forbidden("a configuration network cannot depend on another configuration network");
  const { Driver: ipamDriver, Config, Options } = request.IPAM ?? {};
  const chosen = [Config, Options, request.Labels].some((list) => Object.keys(list ?? {}).length > 0);
  if (chosen || request.EnableIPv6 || (ipamDriver || defaultIpamDriver) !== defaultIpamDriver) {
    throw forbidden(`user specified configurations ${withoutConfig}`);
  }
  if (Object.keys(request.Options ?? {}).length > 0) throw forbidden(`network driver options ${withoutConfig}`);
  const source = networkByName(deps.store, name);
  if (!source?.ConfigOnly) throw notFound(`configuration network ${JSON.stringify(name)} does not exist`);
  return source;
}

function requireDriver({ drivers }: NetworkDeps, name: string, scope: GivenNetwork["scope"]): string {
  const driver = drivers.builtin.get(name);
  if (driver && driver.onlyNetwork !== null)
    throw forbidden(`only one instance of ${JSON.stringify(name)} network is allowed`);
  if (name === "overlay" && scope !== "swarm") {
    throw forbidden(
      'This node is not a swarm manager. Use "docker swarm init" or "docker swarm join" to connect this node ' +
        "to swarm and try again.",
    );
  }
  return name;
}

function ipamConfig(
  deps: NetworkDeps,
  network: NetworkRecord,
  given: readonly IPAMConfig[],
): NetworkRecord["IPAM"]["Config"] {
  const driver = deps.ipamDrivers.get(network.IPAM.Driver);
  if (!driver) throw notFound(`plugin ${JSON.stringify(network.IPAM.Driver)} not found`);
  const withoutGateway = !driverOf(deps, network).wantsGateway(network);
  const choice: IpamChoice = {
    pools: network.Scope === "global" ? globalAddressPools : deps.addressPools,
    taken: networkSubnets(deps),
    avoid: hostSubnets(deps),
    withoutGateway,
  };
  const local: IpamChoice = { ...choice, pools: [...choice.pools, uniqueLocalPool(deps.instance)] };
  const familyOf = ({ Subnet }: IPAMConfig) => parseCidr(Subnet ?? "")?.ip.family;
  const asked = network.IPAM.Config;
  const known = [...asked, ...given.filter((one) => !asked.some((other) => familyOf(other) === familyOf(one)))];
  return [
    ...(network.EnableIPv4 ? [driver.choose(known, 4, choice)] : []),
    ...(network.EnableIPv6 ? [driver.choose(known, 6, local)] : []),
  ];
}
