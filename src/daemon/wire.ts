import { statfsSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { EventBus } from "../api/events.ts";
import { ContentStores } from "../build/source/content-store.ts";
import { LiveContainers } from "../container/live.ts";
import { apparmorEnabled, canLoadApparmor } from "../runtime/spec/apparmor.ts";
import { readHostFacts } from "../runtime/spec/host-facts.ts";
import type { ContainerDefaults } from "../container/context.ts";
import type { ImageContext } from "../image/context.ts";
import { openImages } from "../image/open.ts";
import type { RegistriesConfig } from "../image/remote/endpoints.ts";
import type { RemoteContext } from "../image/remote/remote-context.ts";
import { KeyedLock, Semaphore } from "../lib/lock.ts";
import type { Logger } from "../lib/log.ts";
import { detectCgroups } from "../linux/cgroup.ts";
import { defaultAddressPools } from "../network/ipam.ts";
import { LiveNetworks } from "../network/live.ts";
import type { NetworkContext } from "../network/context.ts";
import { createRuntimeContext, type RuntimeBinary } from "../runtime/context.ts";
import type { DaemonSettings, ServerContext } from "../server/context.ts";
import { openStore, type Store } from "../store/store.ts";
import type { DaemonConfig } from "./config.ts";
import { daemonFacts, version } from "./facts.ts";
import { instanceOf, type DaemonPaths } from "./paths.ts";
import { chooseInit, chooseMonitor, chooseRuntimes } from "./runtimes.ts";

/** The parts of a daemon, put together. */
export interface Daemon {
  config: DaemonConfig;
  paths: DaemonPaths;
  log: Logger;
  store: Store;
  server: ServerContext;
  /** The runtimes of the running context: a reload changes them in place. */
  runtimes: Record<string, RuntimeBinary>;
}

/** Makes every context. Opens the database; touches nothing else. */
export function wire(config: DaemonConfig, paths: DaemonPaths, log: Logger): Daemon {
  const instance = instanceOf(config.dataRoot);
  const cgroups = detectCgroups();
  const { runtimes, defaultRuntime, warnings } = chooseRuntimes(config, cgroups);
  if (apparmorEnabled() && !canLoadApparmor()) warnings.push("WARNING: AppArmor is enabled, but its parser is not installed: containers run without its profile");
  for (const warning of warnings) log.warn(warning.replace(/^WARNING: /, ""));
  const store = openStore(paths.database);
  const events = new EventBus();

  const images = openImages({ store, events, log, dataRoot: config.dataRoot, execRoot: config.execRoot, ...(config.storageDriver && { storageDriver: config.storageDriver }) });
  const networks = networkContext(config, { store, events, log, instance });
  const volumes = { store, events, log, root: paths.volumes, locks: new KeyedLock() };
  const runtime = createRuntimeContext({
    execRoot: config.execRoot, log, instance, conmonPath: chooseMonitor(config), runtimes, defaultRuntime, cgroupDriver: config.cgroupDriver, cgroups,
  });
  const containers = {
    store, images, networks, volumes, runtime, events, log, dataRoot: config.dataRoot, execRoot: config.execRoot, facts: readHostFacts(cgroups),
    defaults: containerDefaults(config, defaultRuntime, cgroups.version), locks: new KeyedLock(), live: new LiveContainers(),
  };
  const build = {
    store, images, networks, runtime, events, log, facts: containers.facts, defaults: containers.defaults, dataRoot: config.dataRoot, execRoot: config.execRoot,
    tmp: paths.tmp, locks: new KeyedLock(), slots: new Semaphore(availableParallelism() * 2), cacheLimit: config.buildCacheLimit ?? tenthOf(config.dataRoot), contents: new ContentStores(join(config.dataRoot, "build", "contexts")), inUse: new Map<string, number>(),
  };
  const daemon: Daemon = {
    config, paths, log, store, runtimes,
    server: {
      containers, images, networks, volumes, build, events, log, remote: remoteContext(config, images, () => daemon.config), runningBuilds: new Map(),
      facts: daemonFacts(config, paths, warnings), settings: daemonSettings(config),
    },
  };
  return daemon;
}

/** A tenth of the disk below a directory, in bytes. */
function tenthOf(path: string): number {
  const { blocks, bsize } = statfsSync(path);
  return Math.floor((blocks * bsize) / 10);
}

function remoteContext(config: DaemonConfig, images: ImageContext, now: () => DaemonConfig): RemoteContext {
  return {
    images,
    config: () => registriesConfig(now()),
    downloads: new Semaphore(config.maxConcurrentDownloads),
    uploads: new Semaphore(config.maxConcurrentUploads),
    attempts: config.maxDownloadAttempts,
    userAgent: `berth/${version} (linux; ${process.arch})`,
  };
}

function registriesConfig({ registries, insecureRegistries, registryMirrors, proxies }: DaemonConfig): RegistriesConfig {
  return { registries, insecureRegistries, hubMirrors: registryMirrors, certsDirs: ["/etc/berth/certs.d", "/etc/docker/certs.d"], proxies };
}

/** What clients are told of the configuration. */
export function daemonSettings(config: DaemonConfig): DaemonSettings {
  return { debug: config.debug, labels: config.labels, insecureRegistries: config.insecureRegistries, registryMirrors: config.registryMirrors };
}

export function containerDefaults(config: DaemonConfig, defaultRuntime: string, cgroupVersion: 1 | 2): ContainerDefaults {
  return {
    runtime: defaultRuntime,
    initPath: chooseInit(config),
    init: config.init,
    shmSize: config.shmSize,
    ulimits: config.ulimits,
    logConfig: { Type: config.logDriver, Config: config.logOpts },
    ipcMode: config.ipcMode,
    cgroupnsMode: config.cgroupnsMode ?? (cgroupVersion === 2 ? "private" : "host"),
    cgroupParent: config.cgroupParent,
    seccompProfile: config.seccompProfile,
    noNewPrivileges: config.noNewPrivileges,
    stopTimeout: config.stopTimeout,
  };
}

function networkContext(config: DaemonConfig, shared: Pick<NetworkContext, "store" | "events" | "log" | "instance">): NetworkContext {
  const { name, bip, fixedCidr, fixedCidrV6, ipv6, gateway, gatewayV6, icc, masquerade, mtu } = config.bridge;
  return {
    ...shared,
    execRoot: config.execRoot,
    bridge: name === "none" ? null : { name, cidr: bip, fixedCidr, ipv6, fixedCidrV6, defaultGateway: gateway, defaultGatewayV6: gatewayV6, icc, masquerade, mtu },
    dns: config.dns,
    addressPools: config.addressPools.length > 0 ? config.addressPools : defaultAddressPools,
    defaultOptions: config.networkOptions,
    hostGatewayIps: config.hostGatewayIps,
    publishAddress: config.publishAddress,
    ipForward: config.ipForward,
    live: new LiveNetworks(),
  };
}
