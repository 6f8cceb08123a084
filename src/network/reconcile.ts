import { join } from "node:path";
import { errorMessage } from "../lib/errors.ts";
import { namesIn } from "../lib/names-in.ts";
import { removeNetns } from "../linux/namespace.ts";
import { allLinks } from "../linux/netlink/find-link.ts";
import { deleteLink } from "../linux/netlink/link.ts";
import type { NetworkDeps } from "./deps.ts";
import { adjustNameService } from "./dns/service.ts";
import { mendSandbox } from "./endpoint/connect.ts";
import { rewriteFirewall } from "./firewall/changes.ts";
import { holdIngress } from "./overlay/ingress.ts";
import { leaveAtPlugin } from "./plugin/endpoint.ts";
import { replayPools } from "./plugin/replay.ts";
import { attachedOf } from "./ports/publish.ts";
import { hostInterface } from "./record.ts";
import { type Attached, ignoring } from "./sandbox/interface.ts";
import { allNetworks, allSandboxes, deleteSandbox, endpointsOfContainer, publishedPorts } from "./table.ts";

/**
 * At boot, after `startNetworks`: removes what a crash left, and starts holding ports and answering names for running
 * containers again. Returns, by container, what {@link mendSandbox} had to do.
 */
export async function reconcileNetworks(
  deps: NetworkDeps,
  liveContainerIds: Iterable<string>,
): Promise<Map<string, Mended>> {
  const live = new Set(liveContainerIds);
  const dead = allSandboxes(deps.store).filter(({ containerId }) => !live.has(containerId));
  const untold = dead.flatMap(({ containerId }) => attachedOf(deps, containerId)).filter(tellsPlugins);
  const deadInterfaces = new Set(
    dead.flatMap(({ containerId }) => endpointsOfContainer(deps.store, containerId)).map(({ id }) => hostInterface(id)),
  );
  deps.store.transaction(() => dead.forEach(({ containerId }) => deleteSandbox(deps.store, containerId)))();

  deps.live.replayed = replayPools(deps);
  void tellPlugins(deps, untold);
  removeOrphanLinks(deps, live, deadInterfaces);
  removeOrphanNamespaces(deps, live);
  // `startNetworks` has written the table with the ports of dead containers still in it.
  if (dead.length > 0) await rewriteFirewall(deps);

  const mended = new Map<string, Mended>();
  for (const sandbox of allSandboxes(deps.store)) {
    const { containerId, name } = sandbox;
    try {
      const change = await mendSandbox(deps, sandbox);
      if (change) mended.set(containerId, change);
    } catch (error) {
      const what = { container: name, error: errorMessage(error) };
      deps.log.warn("a change of a container's networks could not be undone", what);
    }
    try {
      adjustNameService(deps, sandbox, true);
    } catch (error) {
      deps.log.warn("name service could not be taken up again", { container: name, error: errorMessage(error) });
    }
    const lost = await deps.live.ports.retake(containerId, publishedPorts(deps.store, containerId));
    for (const port of lost) deps.log.warn("published port could not be held again", { container: name, port });
  }
  await holdIngress(deps);
  return mended;
}

const tellsPlugins = ({ network, driver }: Attached): boolean => driver.plugin === true || network.pools !== undefined;

/** In the background: plugins may take their time to come. */
async function tellPlugins(deps: NetworkDeps, attached: readonly Attached[]): Promise<void> {
  await deps.live.replayed;
  for (const { network, endpoint, driver } of attached) {
    if (driver.plugin)
      await deps.plugins.get(network.Driver, "NetworkDriver", "for its file").catch(() => {
        // What cannot be told is in the log.
      });
    await leaveAtPlugin(deps, network, endpoint, null);
  }
}

/** What {@link mendSandbox} returns for a container that was being connected or disconnected when a daemon died. */
export type Mended = NonNullable<Awaited<ReturnType<typeof mendSandbox>>>;

/** Removes links of dead endpoints, and links with our mark whose endpoint or network no longer exists. */
function removeOrphanLinks(deps: NetworkDeps, live: ReadonlySet<string>, dead: ReadonlySet<string>): void {
  const networks = new Set(allNetworks(deps.store).map((network) => network.Id));
  const known = new Set(
    [...live].flatMap((id) => endpointsOfContainer(deps.store, id)).map(({ id }) => hostInterface(id)),
  );
  for (const link of allLinks(deps.live.route)) {
    const [owner, networkId, containerId] = link.alias.split("/");
    const ours = owner === `berth-${deps.instance}` && networkId !== undefined;
    const ofNetwork = containerId === undefined || link.kind === "vxlan";
    const unwanted = ours && !(ofNetwork ? networks.has(networkId) : known.has(link.name));
    if (unwanted || dead.has(link.name))
      ignoring(["ENODEV"], () => deps.live.route.request([deleteLink({ index: link.index })], `delete ${link.name}`));
  }
}

function removeOrphanNamespaces(deps: NetworkDeps, live: ReadonlySet<string>): void {
  const folder = join(deps.execRoot, "netns");
  for (const name of namesIn(folder)) if (!live.has(name)) removeNetns(join(folder, name));
}
