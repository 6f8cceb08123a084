import { existsSync } from "node:fs";
import type { EndpointSettings } from "../../api/types/network.ts";
import { newId } from "../../lib/ids.ts";
import { own } from "../../lib/own.ts";
import { createNetns } from "../../linux/namespace.ts";
import type { NetworkDeps } from "../deps.ts";
import { adjustNameService } from "../dns/service.ts";
import { driverOf, type NetworkDriver } from "../driver/driver.ts";
import { allocateEndpoint, validateEndpoint } from "../endpoint/endpoint.ts";
import { publishNetworkEvent } from "../events.ts";
import { changePorts } from "../firewall/changes.ts";
import { watchForeignFirewalls } from "../firewall/foreign.ts";
import { adjustBalance } from "../overlay/balance.ts";
import { joinAtPlugin } from "../plugin/endpoint.ts";
import { type GivenAddresses, releaseAddresses, requestAddresses } from "../plugin/ipam.ts";
import { allocatePorts, firewallPorts } from "../ports/publish.ts";
import type { NetworkRecord, SandboxRecord } from "../record.ts";
import { findNetwork, resolveNetwork } from "../resolve.ts";
import { sandboxOf, saveSandbox } from "../table.ts";
import {
  type Attached,
  configureInterface,
  openNetns,
  raiseLoopback,
  setDefaultRoutes,
  untilReady,
} from "./interface.ts";
import type { Sandbox, SandboxRequest } from "./request.ts";
import { describeSandbox, netnsPath } from "./sandbox.ts";
import { releaseSandbox } from "./tear-down.ts";

/**
 * Makes a container's network namespace with all it asks for. On failure everything is undone. Publishes `network
 * connect` for each endpoint.
 */
export async function setUpSandbox(deps: NetworkDeps, request: SandboxRequest): Promise<Sandbox> {
  using _lock = await deps.live.sandboxLocks.acquire(request.containerId);
  if (sandboxOf(deps.store, request.containerId) || existsSync(netnsPath(deps, request.containerId)))
    await releaseSandbox(deps, request.containerId);
  const wanted = wantedNetworks(deps, request);
  await using undo = new AsyncDisposableStack();

  undo.defer(() => releaseSandbox(deps, request.containerId));
  const { sandbox, attached } = await allocate(deps, request, wanted);
  const ports = await allocatePorts(deps, sandbox, attached);
  if (sandbox.privateNetns) {
    await makeNetns(deps, request, sandbox, attached, ports.length > 0);
    adjustNameService(deps, sandbox, false);
    adjustBalance(deps, request.containerId, true);
  }
  await changePorts(deps, [], firewallPorts(deps, sandbox, attached, ports));
  await untilReady(deps, attached);
  const described = describeSandbox(deps, sandbox);

  undo.move();
  watchForeignFirewalls(deps);
  for (const { network } of attached) publishNetworkEvent(deps, "connect", network, { container: request.containerId });
  return described;
}

interface Wanted {
  network: NetworkRecord;
  driver: NetworkDriver;
  settings: EndpointSettings;
  given?: GivenAddresses;
}

/** The requested endpoints, that of the network mode first; where none is requested, one on the mode's network. */
function wantedNetworks(deps: NetworkDeps, { networkMode, endpoints, macAddress }: SandboxRequest): Wanted[] {
  const mode =
    networkMode === "default" || networkMode === "" ? (deps.bridge === null ? "none" : "bridge") : networkMode;
  const refs = Object.keys(endpoints);
  // The mode's network may have been removed, while the container is only on others.
  const main = refs.length === 0 || refs.includes("default") ? resolveNetwork(deps, mode) : findNetwork(deps, mode);
  const wanted = new Map<string, Wanted>();
  for (const ref of refs.length > 0 ? refs : [mode]) {
    const network = ref === "default" && main ? main : resolveNetwork(deps, ref);
    const mac = network.Id === main?.Id && macAddress ? { MacAddress: macAddress } : {};
    wanted.set(network.Id, {
      network,
      driver: driverOf(deps, network),
      settings: { ...mac, ...withoutNulls(own(endpoints, ref) ?? null) },
    });
  }
  return [...wanted.values()].sort((a, b) => Number(b.network.Id === main?.Id) - Number(a.network.Id === main?.Id));
}

/** An absent MAC address must not hide the one the container itself asks for. */
function withoutNulls(settings: EndpointSettings | null): EndpointSettings {
  const { MacAddress, ...rest } = settings ?? {};
  return MacAddress ? { ...rest, MacAddress } : rest;
}

/** Writes everything down; what plugins have chosen is given back where that fails. */
async function allocate(
  deps: NetworkDeps,
  request: SandboxRequest,
  wanted: Wanted[],
): Promise<{ sandbox: SandboxRecord; attached: Attached[] }> {
  await using undo = new AsyncDisposableStack();
  for (const one of wanted) {
    const { network, settings } = one;
    if (network.pools) validateEndpoint(deps, network, settings);
    const given = await requestAddresses(deps, network, settings);
    if (!given) continue;
    one.given = given;
    undo.defer(() => releaseAddresses(deps, network, given));
  }
  const written = writeDown(deps, request, wanted);
  undo.move();
  return written;
}

function writeDown(
  deps: NetworkDeps,
  request: SandboxRequest,
  wanted: Wanted[],
): { sandbox: SandboxRecord; attached: Attached[] } {
  const sandbox = sandboxOfRequest(request, !wanted.some(({ driver }) => driver.gives === "host"));
  return deps.store.transaction(() => {
    saveSandbox(deps.store, sandbox);
    const attached: Attached[] = [];
    for (const { network, driver, settings, given } of wanted) {
      const taken = attached.map(({ endpoint }) => endpoint.interfaceName);
      attached.push({ network, driver, endpoint: allocateEndpoint(deps, network, request, settings, taken, given) });
    }
    return { sandbox, attached };
  })();
}

/** The part of a request that the sandbox's row keeps: endpoints have rows of their own, the rest is in the kernel. */
function sandboxOfRequest(request: SandboxRequest, privateNetns: boolean): SandboxRecord {
  const {
    containerId,
    name,
    hostname,
    domainname,
    networkMode,
    exposedPorts,
    portBindings,
    publishAllPorts,
    dns,
    dnsOptions,
    dnsSearch,
    extraHosts,
    links,
  } = request;
  return {
    containerId,
    name,
    hostname,
    domainname,
    networkMode,
    exposedPorts,
    portBindings,
    publishAllPorts,
    dns,
    dnsOptions,
    dnsSearch,
    extraHosts,
    links,
    sandboxId: newId(),
    privateNetns,
  };
}

async function makeNetns(
  deps: NetworkDeps,
  request: SandboxRequest,
  sandbox: SandboxRecord,
  attached: Attached[],
  published: boolean,
): Promise<void> {
  const path = netnsPath(deps, request.containerId);
  using open = openNetns(await createNetns(path, request.userns));
  raiseLoopback(open);
  await request.onNamespace?.(path);
  for (const { network, endpoint, driver } of attached) {
    if (driver.gives !== "interface") continue;
    if (driver.plugin) {
      const taken = attached.filter((one) => one.endpoint !== endpoint).map((one) => one.endpoint.interfaceName);
      await joinAtPlugin(deps, sandbox, network, endpoint, open, taken);
      continue;
    }
    driver.attach(deps, network, endpoint, open, published);
    configureInterface(open, endpoint);
  }
  setDefaultRoutes(open, attached, true);
  for (const [name, value] of Object.entries(request.sysctls ?? {})) open.netns.sysctl(name, value);
}
