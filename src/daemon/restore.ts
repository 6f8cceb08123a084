import { reconcileBuilds } from "../builder/reconcile.ts";
import { restoreContainers } from "../container/life/restore.ts";
import { restorePlugins } from "../managed-plugin/restore.ts";
import { startNetworks } from "../network/start.ts";
import type { Daemon } from "./wire.ts";

/**
 * Before the first request: plugins come first, which volumes, networks and logs may stand on; then networks, since
 * containers that are due at boot stand on them; then the containers, which adopt what lives and let images, networks
 * and volumes drop what nobody lives in; what builds left goes last.
 */
export async function restore({ server }: Daemon): Promise<void> {
  await restorePlugins(server.managedPlugins);
  await startNetworks(server.networks);
  await restoreContainers(server.containers);
  reconcileBuilds(server.build);
  // A cluster that cannot be reached keeps nobody waiting.
  void server.swarm.restore();
}
