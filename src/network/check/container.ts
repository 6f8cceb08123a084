import { existsSync } from "node:fs";
import { formatCidr, formatIp } from "../../lib/ip.ts";
import { run } from "../../lib/run.ts";
import { Netns } from "../../linux/namespace.ts";
import { listAddresses, parseAddress } from "../../linux/netlink/address.ts";
import { findLink } from "../../linux/netlink/find-link.ts";
import { changeLink, parseMac } from "../../linux/netlink/link.ts";
import { listRoutes, parseRoute } from "../../linux/netlink/route.ts";
import { balanceTable } from "../../linux/nft/balance.ts";
import { dnsTable } from "../../linux/nft/redirect-dns.ts";
import type { NetworkDeps } from "../deps.ts";
import { adjustNameService, stopNameService } from "../dns/service.ts";
import type { OpenNetns } from "../driver/driver.ts";
import { mtuOption } from "../options.ts";
import { repairBalance, wantedBalance } from "../overlay/balance.ts";
import { attachedOf } from "../ports/publish.ts";
import type { SandboxRecord } from "../record.ts";
import {
  type Attached,
  configureInterface,
  endpointAddresses,
  gatewayEndpoint,
  openNetns,
  setDefaultRoutes,
} from "../sandbox/interface.ts";
import { hasNameService, netnsPath } from "../sandbox/sandbox.ts";
import { publishedPorts } from "../table.ts";
import { compare, type Item } from "./item.ts";

/** A running container's place on the network: namespace, interfaces, addresses, routes, name service, held ports. */
export async function checkContainer(deps: NetworkDeps, sandbox: SandboxRecord): Promise<Item[]> {
  const { containerId, name } = sandbox;
  const attached = attachedOf(deps, containerId);
  const items = heldPorts(deps, sandbox);
  if (!sandbox.privateNetns) return items;
  const path = netnsPath(deps, containerId);
  items.push(compare(`namespace ${path}`, name, "there", existsSync(path) ? "there" : ""));
  if (!existsSync(path)) return items;
  using open = openNetns(new Netns(path));
  for (const one of attached) items.push(...checkInterface(deps, sandbox, one, open));
  items.push(...defaultRoutes(deps, sandbox, attached, open));
  if (hasNameService(sandbox, attached)) items.push(await nameService(deps, sandbox));
  if (attached.some(({ network }) => network.Scope === "swarm")) items.push(...(await services(deps, sandbox)));
  return items;
}

/**
 * Does something in the namespace. It is opened again: the one used for looking is closed by the time of the repair.
 */
function inside(deps: NetworkDeps, { containerId }: SandboxRecord, act: (open: OpenNetns) => void): void {
  using open = openNetns(new Netns(netnsPath(deps, containerId)));
  act(open);
}

function checkInterface(
  deps: NetworkDeps,
  sandbox: SandboxRecord,
  { network, endpoint, driver }: Attached,
  { route }: OpenNetns,
): Item[] {
  if (driver.gives !== "interface") return [];
  const { interfaceName } = endpoint;
  const published = publishedPorts(deps.store, sandbox.containerId).length > 0;
  const anew = () =>
    inside(deps, sandbox, (open) => {
      driver.withdraw(endpoint, open);
      driver.attach(deps, network, endpoint, open, published);
      configureInterface(open, endpoint);
      setDefaultRoutes(open, attachedOf(deps, sandbox.containerId), false);
    });
  const link = findLink(route, interfaceName);
  const hostLink = driver.hostLink(endpoint);
  const object = `interface ${interfaceName} in ${network.Name}`;
  if (!link || (hostLink !== null && !findLink(deps.live.route, hostLink)))
    return [compare(object, sandbox.name, "there", "", anew)];
  const mtu = mtuOption(network.Options) || link.mtu;
  const mac = parseMac(endpoint.mac);
  const items = [
    compare(
      object,
      sandbox.name,
      `up, ${endpoint.mac || link.mac}, mtu ${mtu}`,
      `${link.up ? "up" : "down"}, ${link.mac}, mtu ${link.mtu}`,
      () =>
        inside(deps, sandbox, (open) => {
          open.route.request([changeLink(link.index, { up: true, mtu, ...(mac && { mac }) })], `set ${interfaceName}`);
          configureInterface(open, endpoint);
          setDefaultRoutes(open, attachedOf(deps, sandbox.containerId), false);
        }),
    ),
  ];
  const addresses = route.dump(listAddresses(), "list addresses").flatMap((answer) => {
    const address = parseAddress(answer);
    return address?.index === link.index ? [formatCidr(address.cidr)] : [];
  });
  for (const text of endpointAddresses(endpoint).map(formatCidr)) {
    items.push(
      compare(
        `address of ${interfaceName} in ${network.Name}`,
        sandbox.name,
        text,
        addresses.includes(text) ? text : "",
        () => inside(deps, sandbox, (open) => configureInterface(open, endpoint)),
      ),
    );
  }
  items.push(...driver.compareEndpoint(deps, network, endpoint, sandbox.name, published));
  return items;
}

function defaultRoutes(
  deps: NetworkDeps,
  sandbox: SandboxRecord,
  attached: readonly Attached[],
  { route }: OpenNetns,
): Item[] {
  return (["v4", "v6"] as const).flatMap((family) => {
    const way = gatewayEndpoint(attached, family);
    const found = route
      .dump(listRoutes(family === "v4" ? 4 : 6), "list routes")
      .flatMap((answer) => parseRoute(answer) ?? [])
      .filter(({ destination }) => destination === null);
    const gateway = way && (way.gateway === "direct" ? "direct" : formatIp(way.gateway));
    const through = found.map((one) => (one.gateway ? formatIp(one.gateway) : "direct"));
    // A default route that the container made itself is not looked at.
    if (!gateway) return [];
    return [
      compare(
        `default route IP${family}`,
        sandbox.name,
        gateway,
        through.includes(gateway) ? gateway : (through[0] ?? ""),
        () => inside(deps, sandbox, (open) => setDefaultRoutes(open, attachedOf(deps, sandbox.containerId), false)),
      ),
    ];
  });
}

/** The name server listens, and queries are turned to it. */
async function nameService(deps: NetworkDeps, sandbox: SandboxRecord): Promise<Item> {
  const { containerId, name } = sandbox;
  const again = () => {
    stopNameService(deps, containerId);
    adjustNameService(deps, sandbox, true);
  };
  const server = deps.live.nameServers.get(containerId);
  if (!server) return compare("name service", name, "listening", "", again);
  const { stdout } = await run([
    "nsenter",
    `--net=${netnsPath(deps, containerId)}`,
    "nft",
    "list",
    "table",
    "ip",
    dnsTable,
  ]);
  const turned = (protocol: string) => new RegExp(`\\b${protocol}\\b.*dnat to [\\d.]+:(\\d+)`).exec(stdout)?.[1] ?? "";
  const found = stdout === "" ? "" : `udp to ${turned("udp")}, tcp to ${turned("tcp")}`;
  return compare("name service", name, `udp to ${server.ports.udp}, tcp to ${server.ports.tcp}`, found, again);
}

/** Whom the addresses of a cluster's services stand for in the container. */
async function services(deps: NetworkDeps, { containerId, name }: SandboxRecord): Promise<Item[]> {
  const path = netnsPath(deps, containerId);
  const listing = ["nft", "--stateless", "-nn", "list", "table", "inet", balanceTable];
  const { stdout } = await run(["nsenter", `--net=${path}`, ...listing]);
  const rules = stdout.split("\n").flatMap((line) => {
    const [, vip = "", rest = ""] = /^\s*ip6? daddr (\S+) (.*)$/.exec(line) ?? [];
    const targets = rest.match(/[\da-f:.]*[.:][\da-f:.]*[\da-f]+/g) ?? [];
    return vip === "" ? [] : [[vip, targets.sort().join(", ") || "nobody"] as const];
  });
  const found = new Map(rules);
  const wanted = new Map(
    wantedBalance(deps, containerId).map(({ vip, targets }) => [vip, [...targets].sort().join(", ") || "nobody"]),
  );
  const repair = () => repairBalance(deps, containerId);
  return [...new Set([...wanted.keys(), ...found.keys()])].map((vip) =>
    compare(`service ${vip}`, name, wanted.get(vip) ?? "", found.get(vip) ?? "", repair),
  );
}

function heldPorts(deps: NetworkDeps, { containerId, name }: SandboxRecord): Item[] {
  const ranges = publishedPorts(deps.store, containerId);
  if (ranges.length === 0) return [];
  const count = deps.live.ports.count(containerId);
  const wanted = new Set(
    ranges.flatMap(({ protocol, hostPort, count: length }) =>
      Array.from({ length }, (_, at) => `${protocol}/${hostPort + at}`),
    ),
  ).size;
  return [
    compare("ports held", name, String(wanted), count === 0 ? "" : String(count), async () => {
      deps.live.ports.release(containerId);
      await deps.live.ports.retake(containerId, ranges);
    }),
  ];
}
