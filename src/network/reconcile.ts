import { join } from "node:path";
import { errorMessage } from "../lib/errors.ts";
import { namesIn } from "../lib/names-in.ts";
import { removeNetns } from "../linux/namespace.ts";
import { allLinks } from "../linux/netlink/find-link.ts";
import { deleteLink } from "../linux/netlink/link.ts";
import type { NetworkContext } from "./context.ts";
import { adjustNameService } from "./dns/service.ts";
import { rewriteFirewall } from "./firewall/changes.ts";
import { ignoring } from "./interface.ts";
import { hostInterface } from "./record.ts";
import { allNetworks, allSandboxes, deleteSandbox, endpointsOfContainer, publishedPorts } from "./table.ts";

/** At boot, after `startNetworks`: removes what a crash left, takes up ports and name service of live containers again. */
export async function reconcileNetworks(ctx: NetworkContext, liveContainerIds: Iterable<string>): Promise<void> {
  const live = new Set(liveContainerIds);
  const dead = allSandboxes(ctx.store).filter(({ containerId }) => !live.has(containerId));
  const deadInterfaces = new Set(dead.flatMap(({ containerId }) => endpointsOfContainer(ctx.store, containerId)).map(({ id }) => hostInterface(id)));
  ctx.store.transaction(() => dead.forEach(({ containerId }) => deleteSandbox(ctx.store, containerId)))();

  removeOrphanLinks(ctx, live, deadInterfaces);
  removeOrphanNamespaces(ctx, live);
  // `startNetworks` has written the table with them still in it.
  if (dead.length > 0) await rewriteFirewall(ctx);

  for (const sandbox of allSandboxes(ctx.store)) {
    const { containerId, name } = sandbox;
    try {
      adjustNameService(ctx, sandbox, true);
    } catch (error) {
      ctx.log.warn("name service could not be taken up again", { container: name, error: errorMessage(error) });
    }
    const lost = await ctx.live.ports.retake(containerId, publishedPorts(ctx.store, containerId));
    for (const port of lost) ctx.log.warn("published port could not be held again", { container: name, port });
  }
}

/** Links of dead endpoints, and those that bear our mark and whose endpoint or network is no more. */
function removeOrphanLinks(ctx: NetworkContext, live: ReadonlySet<string>, dead: ReadonlySet<string>): void {
  const networks = new Set(allNetworks(ctx.store).map((network) => network.Id));
  const known = new Set([...live].flatMap((id) => endpointsOfContainer(ctx.store, id)).map(({ id }) => hostInterface(id)));
  for (const link of allLinks(ctx.live.route)) {
    const [owner, networkId, containerId] = link.alias.split("/");
    const ours = owner === `berth-${ctx.instance}` && networkId !== undefined;
    const unwanted = ours && !(containerId === undefined ? networks.has(networkId) : known.has(link.name));
    if (unwanted || dead.has(link.name)) ignoring(["ENODEV"], () => ctx.live.route.request([deleteLink({ index: link.index })], `delete ${link.name}`));
  }
}

function removeOrphanNamespaces(ctx: NetworkContext, live: ReadonlySet<string>): void {
  const folder = join(ctx.execRoot, "netns");
  for (const name of namesIn(folder)) if (!live.has(name)) removeNetns(join(folder, name));
}
