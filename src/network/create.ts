import type { NetworkCreateRequest, NetworkCreateResponse } from "../api/types/network.ts";
import { conflict, EngineError, forbidden, invalid, notFound } from "../lib/errors.ts";
import type { NetworkContext } from "./context.ts";
import { driverOf } from "./driver/driver.ts";
import { publishNetworkEvent } from "./events.ts";
import { admitBridges } from "./firewall/foreign.ts";
import { enableForwarding } from "./forwarding.ts";
import { changeNetwork } from "./firewall/changes.ts";
import { completeConfig, validateIpam, type IpamChoice } from "./ipam-config.ts";
import { uniqueLocalPool } from "./ipam.ts";
import { booleanOption } from "./options.ts";
import { emptyNetwork } from "./predefined.ts";
import { isPredefined, type NetworkRecord } from "./record.ts";
import { deleteNetwork, networkByName, saveNetwork } from "./table.ts";
import { hostSubnets, networkSubnets } from "./taken-subnets.ts";

/** `POST /networks/create`. */
export async function createNetwork(ctx: NetworkContext, request: NetworkCreateRequest): Promise<NetworkCreateResponse> {
  const name = request.Name ?? "";
  if (name.trim() === "") throw invalid("invalid name: name is empty");
  if (isPredefined(name)) throw forbidden(`operation is not permitted on predefined ${name} network `);
  using _lock = await ctx.live.networkLocks.acquire("networks");
  const network = recordOf(ctx, request, name);
  await using undo = new AsyncDisposableStack();

  if (!network.ConfigOnly) {
    network.IPAM = { ...network.IPAM, Config: ipamConfig(ctx, network) };
    driverOf(network)?.check(ctx, network);
  }
  if (networkByName(ctx.store, name)) throw conflict(`network with name ${name} already exists`);
  saveNetwork(ctx.store, network);
  undo.defer(() => deleteNetwork(ctx.store, network.Id));
  await raise(ctx, network, undo);

  undo.move();
  publishNetworkEvent(ctx, "create", network);
  return { Id: network.Id, Warning: "" };
}

/** The network into the kernel. */
async function raise(ctx: NetworkContext, network: NetworkRecord, undo: AsyncDisposableStack): Promise<void> {
  const driver = driverOf(network);
  if (!driver || network.ConfigOnly) return;
  undo.defer(() => driver.remove(ctx, network));
  driver.ensure(ctx, network);
  await changeNetwork(ctx, "add", network);
  await admitBridges(ctx);
  enableForwarding(ctx);
}

function recordOf(ctx: NetworkContext, request: NetworkCreateRequest, name: string): NetworkRecord {
  const source = request.ConfigFrom?.Network ? configNetwork(ctx, request, request.ConfigFrom.Network) : null;
  const options = { ...(source ? {} : ctx.defaultOptions[request.Driver || "bridge"]), ...(source?.Options ?? request.Options) };
  const enabled = (asked: boolean | null | undefined, option: string, fallback: boolean) => {
    const value = asked ?? booleanOption(options, option, fallback);
    if (asked != null) delete options[option];
    return value;
  };
  validateIpam(request.IPAM);
  const network: NetworkRecord = {
    ...emptyNetwork(name, request.ConfigOnly ? "null" : requireDriver(request.Driver || "bridge")),
    EnableIPv4: source?.EnableIPv4 ?? enabled(request.EnableIPv4, "com.docker.network.enable_ipv4", true),
    EnableIPv6: source?.EnableIPv6 ?? enabled(request.EnableIPv6, "com.docker.network.enable_ipv6", false),
    IPAM: source?.IPAM ?? { Driver: request.IPAM?.Driver || "default", Options: request.IPAM?.Options ?? null, Config: request.IPAM?.Config ?? [] },
    Internal: request.Internal ?? false,
    Attachable: request.Attachable ?? false,
    ConfigFrom: { Network: request.ConfigFrom?.Network ?? "" },
    ConfigOnly: request.ConfigOnly ?? false,
    Options: options,
    Labels: { ...(source?.Labels ?? {}), ...request.Labels },
  };
  if (!network.EnableIPv4 && !network.EnableIPv6) throw invalid("IPv4 or IPv6 must be enabled");
  if (!["default", "null"].includes(network.IPAM.Driver)) throw invalid(`invalid ipam driver: ${JSON.stringify(network.IPAM.Driver)}`);
  if (request.Scope && request.Scope !== "local") throw forbidden(`cannot create a ${request.Scope} scoped network when swarm is not active`);
  if (request.Ingress) throw forbidden("Ingress network can only be global scope network");
  return network;
}

/** What a configuration-only network prescribes. */
function configNetwork(ctx: NetworkContext, request: NetworkCreateRequest, name: string): NetworkRecord {
  if (request.ConfigOnly) throw forbidden("a configuration network cannot depend on another configuration network");
  const source = networkByName(ctx.store, name);
  if (!source?.ConfigOnly) throw notFound(`configuration network ${JSON.stringify(name)} does not exist`);
  if ((request.IPAM?.Config ?? []).length > 0) throw forbidden("user-specified configurations are not supported if the network depends on a configuration network");
  if (Object.keys(request.Options ?? {}).length > 0) throw forbidden("network driver options are not supported if the network depends on a configuration network");
  return source;
}

function requireDriver(name: string): string {
  if (name === "host" || name === "null") throw forbidden(`only one instance of ${JSON.stringify(name)} network is allowed`);
  if (name === "overlay") {
    throw forbidden('This node is not a swarm manager. Use "docker swarm init" or "docker swarm join" to connect this node to swarm and try again.');
  }
  if (!driverOf({ ...emptyNetwork("", name) })) throw new EngineError("not-found", `could not find plugin ${name} in v1 plugin registry: plugin "${name}" not found`);
  return name;
}

function ipamConfig(ctx: NetworkContext, network: NetworkRecord): NetworkRecord["IPAM"]["Config"] {
  if (network.IPAM.Driver === "null") return [];
  const choice: IpamChoice = { pools: ctx.addressPools, taken: networkSubnets(ctx), avoid: hostSubnets(ctx) };
  const local: IpamChoice = { ...choice, pools: [...ctx.addressPools, uniqueLocalPool(ctx.instance)] };
  return [
    ...(network.EnableIPv4 ? [completeConfig(network.IPAM.Config, 4, choice)] : []),
    ...(network.EnableIPv6 ? [completeConfig(network.IPAM.Config, 6, local)] : []),
  ];
}
