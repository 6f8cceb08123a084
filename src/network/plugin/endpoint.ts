import { errorMessage, internal } from "../../lib/errors.ts";
import { parseCidr, parseIp } from "../../lib/ip.ts";
import { Netns } from "../../linux/namespace.ts";
import { findLink } from "../../linux/netlink/find-link.ts";
import { changeLink, parseMac } from "../../linux/netlink/link.ts";
import { addRoute } from "../../linux/netlink/route.ts";
import { field, fieldsOf, listOf, textOf } from "../../plugin/answer.ts";
import { NoAnswer } from "../../plugin/client.ts";
import type { NetworkDeps } from "../deps.ts";
import type { OpenNetns } from "../driver/driver.ts";
import type { EndpointRecord, NetworkRecord, PluginEndpoint, SandboxRecord } from "../record.ts";
import { configureInterface } from "../sandbox/interface.ts";
import { updateEndpoint } from "../table.ts";
import { ask } from "./ask.ts";
import { releaseAddresses } from "./ipam.ts";
import { publishedOptions } from "./ports.ts";

const connected = 1;

/**
 * Puts a container on a plugin's network: the plugin makes the endpoint and says which of the machine's interfaces is
 * the container's, which is moved into the namespace, named, addressed and set up. `taken`: names of interfaces that
 * the container has. Changes the endpoint as it learns of it, in the database too.
 */
export async function joinAtPlugin(
  deps: NetworkDeps,
  sandbox: SandboxRecord,
  network: NetworkRecord,
  endpoint: EndpointRecord,
  open: OpenNetns,
  taken: readonly string[],
): Promise<void> {
  const ids = { NetworkID: network.Id, EndpointID: endpoint.id };
  const options = publishedOptions(sandbox);
  await createEndpoint(deps, network, endpoint, ids, options);
  const answer = await ask(deps.plugins, network.Driver, "NetworkDriver.Join", {
    ...ids,
    SandboxKey: open.netns.path,
    Options: options,
  });
  const names = fieldsOf(answer, "InterfaceName");
  const plugin: PluginEndpoint = {
    step: "joined",
    source: textOf(names, "SrcName"),
    gateway: textOf(answer, "Gateway"),
    gateway6: textOf(answer, "GatewayIPv6"),
  };
  const prefix = textOf(names, "DstPrefix") || "eth";
  for (let number = 0; ; number++) {
    if (taken.includes(`${prefix}${number}`)) continue;
    note(deps, endpoint, { plugin, interfaceName: `${prefix}${number}` });
    break;
  }
  takeIn(deps, endpoint, open);
  configureInterface(open, endpoint);
  addStaticRoutes(open, endpoint, listOf(answer, "StaticRoutes"));
  await ask(deps.plugins, network.Driver, "NetworkDriver.ProgramExternalConnectivity", { ...ids, Options: options });
  await askForInfo(deps, network, ids);
}

/** As Docker does, which shows nobody what it is told. */
async function askForInfo(deps: NetworkDeps, { Driver }: NetworkRecord, ids: Record<string, string>): Promise<void> {
  try {
    await ask(deps.plugins, Driver, "NetworkDriver.EndpointOperInfo", ids);
  } catch (error) {
    deps.log.debug("a network plugin tells nothing of an endpoint", { plugin: Driver, error: errorMessage(error) });
  }
}

function note(deps: NetworkDeps, endpoint: EndpointRecord, change: Partial<EndpointRecord>): void {
  Object.assign(endpoint, change);
  updateEndpoint(deps.store, endpoint);
}

/** What the engine has chosen already the plugin does not choose. */
async function createEndpoint(
  deps: NetworkDeps,
  network: NetworkRecord,
  endpoint: EndpointRecord,
  ids: Record<string, string>,
  options: Record<string, unknown>,
): Promise<void> {
  const mac = endpoint.settings.MacAddress || endpoint.mac;
  const bytes = parseMac(mac);
  note(deps, endpoint, { plugin: { step: "created", gateway: "", gateway6: "" } });
  let answer: unknown;
  try {
    answer = await ask(deps.plugins, network.Driver, "NetworkDriver.CreateEndpoint", {
      ...ids,
      Interface: { Address: endpoint.ipv4, AddressIPv6: endpoint.ipv6, MacAddress: mac },
      Options: {
        ...endpoint.settings.DriverOpts,
        ...(bytes && { "com.docker.network.endpoint.macaddress": Buffer.from(bytes).toString("base64") }),
        ...options,
      },
    });
  } catch (error) {
    // One that refused has made nothing.
    if (!(error instanceof NoAnswer)) {
      delete endpoint.plugin;
      updateEndpoint(deps.store, endpoint);
    }
    throw error;
  }
  const told = fieldsOf(answer, "Interface");
  const chosen = textOf(told, "MacAddress");
  if (chosen && mac) throw internal("remote: driver attempted to overwrite the interface's MAC address");
  if (chosen && !parseMac(chosen)) throw internal(`remote: invalid MAC address: ${JSON.stringify(chosen)}`);
  note(deps, endpoint, { mac: mac || chosen });
}

/** Moves the interface that the plugin has named from the machine into the container, under the name it gets there. */
function takeIn({ live, store }: NetworkDeps, endpoint: EndpointRecord, { netns, route }: OpenNetns): void {
  const source = endpoint.plugin?.source ?? "";
  const link = source === "" ? null : findLink(live.route, source);
  const failed = `failed to add interface ${source} to sandbox: `;
  if (!link) throw internal(`${failed}failed to get link by name "${source}": Link not found`);
  live.route.request([changeLink(link.index, { up: false })], `set ${source} down`);
  live.route.request([changeLink(link.index, { netnsFd: netns.fd })], `move ${source}`);
  const inside = findLink(route, source);
  if (!inside) throw internal(`${failed}it did not arrive`);
  const mac = parseMac(endpoint.mac);
  route.request(
    [changeLink(inside.index, { name: endpoint.interfaceName, ...(mac && { mac }) })],
    `rename ${source} to ${endpoint.interfaceName}`,
  );
  if (mac) return;
  endpoint.mac = inside.mac;
  updateEndpoint(store, endpoint);
}

function addStaticRoutes({ route }: OpenNetns, endpoint: EndpointRecord, routes: readonly unknown[]): void {
  const link = findLink(route, endpoint.interfaceName);
  for (const one of routes) {
    const destination = parseCidr(textOf(one, "Destination"));
    const hop = textOf(one, "NextHop");
    const gateway = field(one, "RouteType") === connected ? null : parseIp(hop);
    if (!destination || !link || (gateway === null && hop !== "" && field(one, "RouteType") !== connected))
      throw internal(`remote: invalid static route: ${JSON.stringify(one)}`);
    route.request(
      [addRoute({ destination, gateway, link: link.index, family: destination.ip.family })],
      `route ${textOf(one, "Destination")}`,
    );
  }
}

/**
 * Takes a container off a plugin's network, as far as it had come; `open`: the namespace, null where it is gone. Goes
 * on past failures, which are told in the log; a plugin that does not answer is not asked again.
 */
export async function leaveAtPlugin(
  deps: NetworkDeps,
  network: NetworkRecord,
  endpoint: EndpointRecord,
  open: OpenNetns | null,
): Promise<void> {
  const { plugin } = endpoint;
  const ids = { NetworkID: network.Id, EndpointID: endpoint.id };
  let answers = true;
  const tell = async (verb: string) => {
    if (!answers) return;
    try {
      await ask(deps.plugins, network.Driver, `NetworkDriver.${verb}`, ids);
    } catch (error) {
      if (error instanceof NoAnswer) answers = false;
      deps.log.warn("a network plugin did not do as told", { network: network.Name, verb, error: errorMessage(error) });
    }
  };
  if (plugin?.step === "joined") {
    await tell("RevokeExternalConnectivity");
    await tell("Leave");
    if (open) putBack(deps, endpoint, open);
  }
  if (plugin) await tell("DeleteEndpoint");
  await releaseAddresses(deps, network, endpoint);
}

/** The interface is the plugin's: it gets it back as it was. */
function putBack({ log }: NetworkDeps, endpoint: EndpointRecord, { route }: OpenNetns): void {
  const source = endpoint.plugin?.source ?? "";
  try {
    const link = findLink(route, endpoint.interfaceName);
    if (!link || source === "") return;
    using home = new Netns("/proc/self/ns/net");
    route.request([changeLink(link.index, { up: false })], `set ${link.name} down`);
    route.request([changeLink(link.index, { name: source })], `rename ${link.name}`);
    route.request([changeLink(link.index, { netnsFd: home.fd })], `move ${source}`);
  } catch (error) {
    log.warn("an interface could not be given back", { interface: source, error: errorMessage(error) });
  }
}
