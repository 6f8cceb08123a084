import { existsSync, rmSync } from "node:fs";
import { releaseContainers, shutdownContainers } from "../container/life/shutdown.ts";
import { abandonLeases } from "../image/collect/lease.ts";
import { errorMessage } from "../lib/errors.ts";
import { releasePlugins, shutdownPlugins } from "../managed-plugin/shutdown.ts";
import { releaseNetworks } from "../network/sandbox/release.ts";
import { releaseCgroups } from "../runtime/monitor-cgroup.ts";
import type { EngineApi } from "../server/api.ts";
import type { Listening } from "./listen.ts";
import type { Daemon } from "./wire.ts";

/** Milliseconds for what clients have asked for to come to its end. */
const grace = 5000;

/**
 * The end of a daemon: no more connections, builds are cancelled, what else is under way may finish, then either
 * containers are let go (they run on, and the next daemon takes them up) or, where the configuration or a file in the
 * exec root says so (the machine goes down, the engine is uninstalled), stopped. Last the database: copied, and closed,
 * so that all of it is in one file again (its log stays beside it, empty but for its size).
 */
export async function shutdown(
  { config, paths, log, server, store, copies, runtime }: Daemon,
  api: EngineApi,
  listening: Listening | null,
): Promise<void> {
  listening?.stop();
  await Promise.all([api.settle(grace), Promise.race([server.build.running.cancelAll(), Bun.sleep(grace)])]);
  await server.swarm.close();
  try {
    if (config.shutdownContainers || existsSync(paths.stopContainers)) {
      await shutdownContainers(server.containers, { timeout: config.shutdownTimeout });
      await shutdownPlugins(server.managedPlugins);
    } else {
      await releaseContainers(server.containers);
      await releasePlugins(server.managedPlugins);
    }
  } catch (error) {
    log.error("cannot let go of containers and plugins", { error: errorMessage(error) });
  }
  rmSync(paths.stopContainers, { force: true });
  await releaseNetworks(server.networks).catch((error: unknown) =>
    log.warn("cannot let go of the networks", { error: errorMessage(error) }),
  );
  listening?.closeAll();
  releaseCgroups(runtime);
  abandonLeases(server.images);
  await server.images.archiver[Symbol.asyncDispose]();
  copies[Symbol.dispose]();
  store.close();
}
