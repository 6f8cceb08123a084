import type { ContainerDefaults } from "../container/deps.ts";
import { errorMessage } from "../lib/errors.ts";
import { Semaphore } from "../lib/lock.ts";
import { rewriteFirewall } from "../network/firewall/changes.ts";
import { authorizationPlugins } from "../server/authorization/authorization.ts";
import type { DaemonConfig } from "./config/config.ts";
import type { DaemonEnvironment } from "./config/environment.ts";
import type { DaemonArguments } from "./config/flags.ts";
import { loadConfig } from "./config/load.ts";
import { chooseRuntimes } from "./runtimes.ts";
import { containerDefaults, type Daemon, daemonSettings } from "./wire.ts";

/**
 * SIGHUP: reads the configuration anew and takes up what can change while running. A configuration with a mistake in it
 * changes nothing. Requests that are under way keep what they began with.
 */
export async function reload(daemon: Daemon, args: DaemonArguments, environment: DaemonEnvironment): Promise<void> {
  const { log, server } = daemon;
  let next: DaemonConfig;
  try {
    next = reloadable(daemon.config, loadConfig(args, environment));
    // All of them or none: a request meanwhile is asked of those that there were.
    const authorization = await authorizationPlugins(server.plugins, next.authorizationPlugins);
    const { runtimes, defaultRuntime } = chooseRuntimes(next, daemon.runtime.cgroups);
    for (const name of Object.keys(daemon.runtimes)) if (!runtimes[name]) delete daemon.runtimes[name];
    Object.assign(daemon.runtimes, runtimes);
    server.authorization = authorization;
    server.containers.defaults = containerDefaults(next, defaultRuntime, server.containers.facts.cgroupVersion);
    server.build.defaults = server.containers.defaults;
  } catch (error) {
    log.error("cannot reload the configuration", { error: errorMessage(error) });
    return;
  }
  for (const warning of next.warnings) log.warn(warning);
  // What is under way keeps the limits that it began with.
  if (next.maxConcurrentDownloads !== daemon.config.maxConcurrentDownloads)
    server.remote.downloads = new Semaphore(next.maxConcurrentDownloads);
  if (next.maxConcurrentUploads !== daemon.config.maxConcurrentUploads)
    server.remote.uploads = new Semaphore(next.maxConcurrentUploads);
  server.remote.attempts = next.maxDownloadAttempts;
  if (next.publishPolicy !== server.networks.publishPolicy) {
    server.networks.publishPolicy = next.publishPolicy;
    rewriteFirewall(server.networks).catch((error: unknown) =>
      log.error("the firewall could not be changed", { error: errorMessage(error) }),
    );
  }
  daemon.config = next;
  log.level = next.debug ? "debug" : next.logLevel;
  server.settings = daemonSettings(next);
  const attributes = reloadAttributes(
    next,
    server.containers.defaults,
    Object.keys(daemon.runtimes),
    server.facts.hostname,
  );
  log.info("Reloaded configuration", attributes);
  server.events.publish("daemon", "reload", { ID: server.facts.id, Attributes: attributes });
}

/** The new configuration where it may change, the old one everywhere else. */
function reloadable(now: DaemonConfig, next: DaemonConfig): DaemonConfig {
  return {
    ...now,
    debug: next.debug,
    logLevel: next.logLevel,
    labels: next.labels,
    runtimes: next.runtimes,
    defaultRuntime: next.defaultRuntime,
    shmSize: next.shmSize,
    stopTimeout: next.stopTimeout,
    shutdownTimeout: next.shutdownTimeout,
    shutdownContainers: next.shutdownContainers,
    maxConcurrentDownloads: next.maxConcurrentDownloads,
    maxConcurrentUploads: next.maxConcurrentUploads,
    maxDownloadAttempts: next.maxDownloadAttempts,
    insecureRegistries: next.insecureRegistries,
    registryMirrors: next.registryMirrors,
    registries: next.registries,
    warnings: next.warnings,
    publishPolicy: next.publishPolicy,
    authorizationPlugins: next.authorizationPlugins,
  };
}

function reloadAttributes(
  config: DaemonConfig,
  { runtime, cgroupnsMode }: ContainerDefaults,
  runtimes: string[],
  name: string,
): Record<string, string> {
  const list = (values: readonly string[]) => (values.length > 0 ? JSON.stringify(values) : "[]");
  return {
    name,
    debug: String(config.debug),
    "default-cgroupns-mode": cgroupnsMode,
    "default-ipc-mode": config.ipcMode,
    "default-runtime": runtime,
    "default-shm-size": String(config.shmSize),
    "default-stop-timeout": String(config.stopTimeout),
    features: "{}",
    "insecure-registries": list(config.insecureRegistries),
    labels: list(config.labels),
    "live-restore": "true",
    "max-concurrent-downloads": String(config.maxConcurrentDownloads),
    "max-concurrent-uploads": String(config.maxConcurrentUploads),
    "max-download-attempts": String(config.maxDownloadAttempts),
    "registry-mirrors": list(config.registryMirrors),
    runtimes: runtimes.join(" "),
    "shutdown-timeout": String(config.shutdownTimeout),
  };
}
