import { statfsSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { EventBus } from "../api/events.ts";
import type { BuilderDeps } from "../builder/deps.ts";
import { BuildHistory } from "../builder/history/history.ts";
import { RunningBuilds } from "../builder/running.ts";
import { ContentStores } from "../builder/source/content-store.ts";
import { EtcdBackings } from "../cluster/etcd/backings.ts";
import { Swarm } from "../cluster/swarm.ts";
import type { ContainerDefaults, ContainerDeps } from "../container/deps.ts";
import { LiveContainers } from "../container/live.ts";
import { networkOfContainer } from "../container/network/join-network.ts";
import type { ImageDeps } from "../image/deps.ts";
import { imagesForContainers, rootFilesystems } from "../image/for-containers.ts";
import type { RemoteDeps } from "../image/remote/deps.ts";
import type { RegistriesConfig } from "../image/remote/endpoints.ts";
import { KeyedLock, Semaphore } from "../lib/lock.ts";
import type { Logger } from "../lib/log.ts";
import { detectCgroups } from "../linux/cgroup.ts";
import { nowNano } from "../linux/clock.ts";
import type { IdMaps } from "../linux/id-maps.ts";
import { kernel } from "../linux/kernel.ts";
import { SizeLimits } from "../linux/size-limits.ts";
import { defaultAddressPools } from "../network/address/ipam.ts";
import { builtinIpamDrivers } from "../network/address/ipam-driver.ts";
import type { NetworkDeps } from "../network/deps.ts";
import { Resolver } from "../network/dns/resolver.ts";
import { networkDrivers } from "../network/driver/builtin.ts";
import { networksForContainers } from "../network/for-containers.ts";
import { LiveNetworks } from "../network/live.ts";
import { Plugins } from "../plugin/plugins.ts";
import { apparmorEnabled, canLoadApparmor } from "../runtime/bundle/apparmor.ts";
import { readHostFacts } from "../runtime/bundle/host-facts.ts";
import { CdiRegistry } from "../runtime/cdi/registry.ts";
import { createRuntimeDeps, type RuntimeBinary, type RuntimeDeps } from "../runtime/deps.ts";
import { builtinLogDrivers } from "../runtime/logs/driver/builtin.ts";
import { LogDrivers } from "../runtime/logs/driver/drivers.ts";
import { openRuntime } from "../runtime/runtime.ts";
import { BuildKit } from "../server/buildkit/kept-between-calls.ts";
import type { DaemonSettings, ServerDeps } from "../server/deps.ts";
import type { Store } from "../store/store.ts";
import type { VolumeDeps } from "../volume/deps.ts";
import { builtinVolumeDrivers } from "../volume/driver/builtin.ts";
import { VolumeDrivers } from "../volume/driver/drivers.ts";
import { volumesForContainers } from "../volume/for-containers.ts";
import type { DaemonConfig } from "./config/config.ts";
import type { DaemonEnvironment } from "./config/environment.ts";
import { keepCopies } from "./copies.ts";
import { describeNode } from "./describe-node.ts";
import { daemonFacts, version } from "./facts.ts";
import { imageStore } from "./image-store.ts";
import { disabledPlugin, managedPlugins } from "./managed-plugins.ts";
import { type DaemonPaths, instanceOf } from "./paths.ts";
import { chooseInit, chooseMonitor, chooseRuntimes, findProgram } from "./runtimes.ts";

/** The parts of a daemon, put together. */
export interface Daemon {
  config: DaemonConfig;
  paths: DaemonPaths;
  log: Logger;
  store: Store;
  /** To be disposed of before the store is closed. */
  copies: Disposable;
  server: ServerDeps;
  runtime: RuntimeDeps;
  /** The runtimes that the daemon runs with: a reload changes them in place. */
  runtimes: Record<string, RuntimeBinary>;
}

/** Makes the dependencies of every folder upon the database. Touches nothing else. */
export function wire(
  store: Store,
  config: DaemonConfig,
  environment: DaemonEnvironment,
  paths: DaemonPaths,
  log: Logger,
  remap: IdMaps | null,
): Daemon {
  const instance = instanceOf(config.dataRoot);
  const cgroups = detectCgroups();
  const { runtimes, defaultRuntime, warnings } = chooseRuntimes(config, cgroups);
  warnings.push(...apparmorWarnings());
  for (const warning of warnings) log.warn(warning.replace(/^WARNING: /, ""));
  const events = new EventBus(nowNano);

  const plugins = new Plugins(config.pluginDirs, log, (name) => disabledPlugin(store, name));
  const images = imageStore(store, config, events, log);
  const networks = networkDeps(config, environment, { store, events, log, instance, plugins });
  const drivers = volumeDrivers(paths, config, plugins, log);
  const volumes = { store, events, log, drivers, locks: new KeyedLock() };
  const runtime = createRuntimeDeps({
    logDrivers: new LogDrivers(builtinLogDrivers(), plugins),
    execRoot: config.execRoot,
    log,
    instance,
    conmonPath: chooseMonitor(config),
    runtimes,
    defaultRuntime,
    cgroupDriver: config.cgroupDriver,
    cgroups,
  });
  const facts = readHostFacts(cgroups);
  const containers = {
    store,
    ...containerParts(images, networks, volumes, runtime),
    events,
    log,
    dataRoot: config.dataRoot,
    execRoot: config.execRoot,
    facts,
    remap,
    cdi: config.cdi ? new CdiRegistry(config.cdiSpecDirs) : null,
    defaults: containerDefaults(config, defaultRuntime, cgroups.version),
    locks: new KeyedLock(),
    live: new LiveContainers(),
  };
  const build = builderDeps(config, paths, { images, networks, runtime, containers });
  const remote = remoteDeps(config, images, () => daemon.config);
  const ofPlugins = { store, images, remote, facts, events, log, endpoints: plugins };
  const daemon: Daemon = {
    config,
    paths,
    log,
    store,
    copies: keepCopies(store, log),
    runtime,
    runtimes,
    server: {
      containers,
      images,
      networks,
      volumes,
      build,
      buildkit: new BuildKit(new BuildHistory(store, join(config.dataRoot, "build", "history"))),
      plugins,
      authorization: [],
      managedPlugins: managedPlugins(config, runtime, ofPlugins),
      swarm: new Swarm({
        containers,
        networks,
        remote,
        events,
        log,
        dataRoot: config.dataRoot,
        describe: () => describeNode(daemon.server),
        backings: new EtcdBackings({ ...config, program: findProgram("etcd") }, log),
      }),
      events,
      log,
      remote,
      facts: daemonFacts(config, paths, warnings),
      settings: daemonSettings(config),
    },
  };
  return daemon;
}

/** What builds need, beside the rooms that they have in common with containers. */
function builderDeps(
  config: DaemonConfig,
  paths: DaemonPaths,
  {
    images,
    networks,
    runtime,
    containers,
  }: Pick<BuilderDeps, "images" | "networks" | "runtime"> & {
    containers: ContainerDeps;
  },
): BuilderDeps {
  return {
    containerNetwork: (ref: string) => networkOfContainer(containers, ref),
    store: containers.store,
    images,
    networks,
    runtime,
    events: containers.events,
    log: containers.log,
    facts: containers.facts,
    cdi: containers.cdi,
    defaults: containers.defaults,
    dataRoot: config.dataRoot,
    execRoot: config.execRoot,
    tmp: paths.tmp,
    locks: new KeyedLock(),
    slots: new Semaphore(Math.max(16, availableParallelism() * 4)),
    running: new RunningBuilds(),
    cacheLimit: config.buildCacheLimit ?? tenthOf(config.dataRoot),
    contents: new ContentStores(join(config.dataRoot, "build", "contexts")),
    inUse: new Map<string, number>(),
  };
}

function apparmorWarnings(): string[] {
  if (!apparmorEnabled() || canLoadApparmor()) return [];
  return ["WARNING: AppArmor is enabled, but its parser is not installed: containers run without its profile"];
}

function volumeDrivers(paths: DaemonPaths, config: DaemonConfig, plugins: Plugins, log: Logger): VolumeDrivers {
  const limits = new SizeLimits(paths.volumes, config.loopQuotas);
  return new VolumeDrivers(builtinVolumeDrivers(paths.volumes, limits), plugins, log);
}

/** The other rooms as containers see them. */
function containerParts(images: ImageDeps, networks: NetworkDeps, volumes: VolumeDeps, runtime: RuntimeDeps) {
  return {
    images: imagesForContainers(images),
    rootfs: rootFilesystems(images),
    networks: networksForContainers(networks),
    volumes: volumesForContainers(volumes),
    runtime: openRuntime(runtime),
    kernel,
  };
}

/** A tenth of the disk below a directory, in bytes. */
function tenthOf(path: string): number {
  const { blocks, bsize } = statfsSync(path);
  return Math.floor((blocks * bsize) / 10);
}

function remoteDeps(config: DaemonConfig, images: ImageDeps, now: () => DaemonConfig): RemoteDeps {
  return {
    images,
    config: () => registriesConfig(now()),
    downloads: new Semaphore(config.maxConcurrentDownloads),
    uploads: new Semaphore(config.maxConcurrentUploads),
    attempts: config.maxDownloadAttempts,
    userAgent: `berth/${version} (linux; ${process.arch})`,
  };
}

function registriesConfig({
  registries,
  insecureRegistries,
  registryMirrors,
  proxies,
}: DaemonConfig): RegistriesConfig {
  return {
    registries,
    insecureRegistries,
    hubMirrors: registryMirrors,
    certsDirs: ["/etc/berth/certs.d", "/etc/docker/certs.d"],
    proxies,
  };
}

/** What clients are told of the configuration. */
export function daemonSettings(config: DaemonConfig): DaemonSettings {
  return {
    debug: config.debug,
    labels: config.labels,
    insecureRegistries: config.insecureRegistries,
    registryMirrors: config.registryMirrors,
  };
}

/**
 * What a container gets where its request does not say. `cgroupnsMode` follows dockerd: `private` with cgroup 2,
 * otherwise `host`.
 */
export function containerDefaults(
  config: DaemonConfig,
  defaultRuntime: string,
  cgroupVersion: 1 | 2,
): ContainerDefaults {
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

function networkDeps(
  config: DaemonConfig,
  { systemBus }: DaemonEnvironment,
  shared: Pick<NetworkDeps, "store" | "events" | "log" | "instance" | "plugins">,
): NetworkDeps {
  const { name, bip, bip6, fixedCidr, fixedCidrV6, ipv6, gateway, gatewayV6, icc, masquerade, mtu } = config.bridge;
  return {
    ...shared,
    drivers: networkDrivers(),
    ipamDrivers: builtinIpamDrivers(),
    resolver: new Resolver(shared.store),
    execRoot: config.execRoot,
    bridge:
      name === "none"
        ? null
        : {
            name,
            cidr: bip,
            cidrV6: bip6,
            fixedCidr,
            ipv6,
            fixedCidrV6,
            defaultGateway: gateway,
            defaultGatewayV6: gatewayV6,
            icc,
            masquerade,
            mtu,
          },
    dns: config.dns,
    addressPools: config.addressPools.length > 0 ? config.addressPools : defaultAddressPools,
    defaultOptions: config.networkOptions,
    hostGatewayIps: config.hostGatewayIps,
    publishAddress: config.publishAddress,
    publishPolicy: config.publishPolicy,
    allowDirectRouting: config.allowDirectRouting,
    systemBus,
    ipForward: config.ipForward,
    live: new LiveNetworks(),
  };
}
