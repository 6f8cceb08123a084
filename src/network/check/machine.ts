import { allLinks } from "../../linux/netlink/find-link.ts";
import { deleteLink } from "../../linux/netlink/link.ts";
import type { NetworkDeps } from "../deps.ts";
import { bridgesOf } from "../firewall/bridges.ts";
import { firewalldZone } from "../firewall/firewalld.ts";
import { admitToForeign, missingInForeign } from "../firewall/foreign.ts";
import { enableForwarding, forwardingSysctls } from "../forwarding.ts";
import { hostInterface } from "../record.ts";
import { allNetworks, allSandboxes, endpointsOfContainer } from "../table.ts";
import { compare, type Item } from "./item.ts";
import { readSetting } from "./setting.ts";

/**
 * What concerns the whole machine: forwarding, other firewalls, links of networks and containers that no longer exist.
 */
export async function checkMachine(deps: NetworkDeps): Promise<Item[]> {
  const forwarding = forwardingSysctls(deps).map((name) =>
    compare(`sysctl ${name.replaceAll("/", ".")}`, "machine", "1", readSetting(name) ?? "", () =>
      enableForwarding(deps),
    ),
  );
  const missing = await missingInForeign(deps);
  const foreign = missing.map((rule) => compare(`rule in ${rule}`, "machine", "there", "", () => admitToForeign(deps)));
  return [...forwarding, ...foreign, ...(await zones(deps)), ...strayLinks(deps)];
}

async function zones(deps: NetworkDeps): Promise<Item[]> {
  const zones = await deps.live.firewalld?.zones(bridgesOf(deps)).catch(() => null);
  // Another zone is the administrator's choice.
  return [...(zones ?? [])].map(([bridge, zone]) =>
    compare(`firewalld's zone of ${bridge}`, "machine", zone || firewalldZone, zone, () => deps.live.firewalld?.join()),
  );
}

/**
 * Links with our mark whose network or container no longer exists. The kernel removes those of containers that have
 * just ended.
 */
function strayLinks(deps: NetworkDeps): Item[] {
  const networks = new Set(allNetworks(deps.store).map(({ Id }) => Id));
  const known = new Set(
    allSandboxes(deps.store)
      .flatMap(({ containerId }) => endpointsOfContainer(deps.store, containerId))
      .map(({ id }) => hostInterface(id)),
  );
  return allLinks(deps.live.route).flatMap((link) => {
    const [owner, networkId = "", containerId] = link.alias.split("/");
    if (owner !== `berth-${deps.instance}` || deps.live.lingering.names.has(link.name)) return [];
    const ofNetwork = containerId === undefined || link.kind === "vxlan";
    const wanted = ofNetwork ? networks.has(networkId) : known.has(link.name);
    return wanted
      ? []
      : [
          compare(
            `link ${link.name}`,
            "nobody",
            "",
            link.alias,
            () => void deps.live.route.attempt([deleteLink({ index: link.index })], `delete ${link.name}`),
          ),
        ];
  });
}
