import { mkdirSync, writeFileSync } from "node:fs";
import { hostname as hostName } from "node:os";
import type { NetworkSettings } from "../api/types/container.ts";
import { conflict, EngineError, errorKind, errorMessage, internal, isNotFound } from "../lib/errors.ts";
import type { SandboxRequest } from "../network/context.ts";
import { setUpSandbox } from "../network/set-up.ts";
import type { ContainerContext } from "./context.ts";
import { findContainer } from "./lookup.ts";
import { networkFilesOf, sharedContainer, type NetworkFiles } from "./network-files.ts";
import { dataDir } from "./paths.ts";
import { isRunning, type ContainerRecord } from "./record.ts";

/** A container's place on the network: what its specification needs at once, and the rest when it is there. */
export interface NetworkJoin {
  /** null: the host's namespace. Rejects where there will be none. */
  netnsPath: Promise<string | null>;
  hostname: string;
  domainname: string;
  /** Host paths of the files that are mounted into /etc. They exist; hosts and resolv.conf get their content by `ready`. */
  files: NetworkFiles;
  /** The interfaces come after this was called. */
  furnish(): void;
  /** All is in place. */
  ready: Promise<NetworkSettings>;
  /** Waits for the end of it, be it good or bad: only then can it be torn down. */
  settle(): Promise<void>;
}

/** Begins to set up the container's own network, or finds the one it shares. */
export function joinNetwork(ctx: ContainerContext, c: ContainerRecord): NetworkJoin {
  const donor = sharedContainer(c.spec.hostConfig.NetworkMode);
  return donor !== undefined && !c.spec.config.NetworkDisabled ? shareNetwork(ctx, c, donor) : ownNetwork(ctx, c);
}

function ownNetwork(ctx: ContainerContext, c: ContainerRecord): NetworkJoin {
  const { config, hostConfig } = c.spec;
  const hostname = config.Hostname || (hostConfig.NetworkMode === "host" ? hostName() : c.id.slice(0, 12));
  const files = networkFilesOf(ctx, c);
  mkdirSync(dataDir(ctx, c.id), { recursive: true, mode: 0o710 });
  writeFileSync(files.hostname, `${hostname}\n`, { mode: 0o644 });
  for (const path of [files.hosts, files.resolvConf]) writeFileSync(path, "", { mode: 0o644 });

  // Entered by whoever gets there first: the empty namespace, or the finished (or failed) set-up.
  const netns = Promise.withResolvers<string | null>();
  const furnished = Promise.withResolvers<void>();
  const onNamespace = (path: string) => {
    netns.resolve(path);
    return furnished.promise;
  };
  const ready = setUpSandbox(ctx.networks, { ...sandboxRequest(ctx, c, hostname), onNamespace }).then(
    (sandbox) => {
      writeFileSync(files.hosts, sandbox.hosts);
      writeFileSync(files.resolvConf, sandbox.resolvConf);
      netns.resolve(sandbox.netnsPath);
      return sandbox.settings;
    },
    (cause: unknown) => {
      const error = new EngineError(errorKind(cause), `failed to set up container networking: ${errorMessage(cause)}`, { cause });
      netns.reject(error);
      throw error;
    },
  );
  const settle = async () => {
    furnished.resolve();
    await Promise.allSettled([ready, netns.promise]);
  };
  // Whoever awaits them hears of a failure; it must not end the daemon before.
  void Promise.allSettled([ready, netns.promise]);
  return { netnsPath: netns.promise, hostname, domainname: config.Domainname ?? "", files, furnish: furnished.resolve, ready, settle };
}

function shareNetwork(ctx: ContainerContext, c: ContainerRecord, ref: string): NetworkJoin {
  let other: ContainerRecord;
  try {
    other = findContainer(ctx, ref);
  } catch (cause) {
    if (isNotFound(cause)) throw internal(`cannot join network namespace of container: ${errorMessage(cause)}`, cause);
    throw cause;
  }
  if (other.id === c.id) throw internal("cannot join own network namespace");
  if (other.state.phase === "restarting") throw conflict(`cannot join network namespace of container: Container ${ref} is restarting, wait until the container is running`);
  if (!isRunning(other.state)) throw conflict(`cannot join network namespace of a non running container: container ${other.name} is ${other.state.phase}`);
  return {
    netnsPath: Promise.resolve(other.spec.hostConfig.NetworkMode === "host" ? null : `/proc/${other.state.pid}/ns/net`),
    hostname: other.spec.config.Hostname ?? "",
    domainname: other.spec.config.Domainname ?? "",
    // Joined at second hand where the other has joined a third: the namespace is the same, the files are the third's.
    files: networkFilesOf(ctx, other),
    furnish: () => {},
    ready: Promise.resolve({}),
    settle: () => Promise.resolve(),
  };
}

function sandboxRequest(ctx: ContainerContext, c: ContainerRecord, hostname: string): SandboxRequest {
  const { config, hostConfig, endpoints, links } = c.spec;
  const sysctls = Object.entries(hostConfig.Sysctls ?? {}).filter(([key]) => key.startsWith("net."));
  return {
    containerId: c.id,
    name: c.name,
    hostname,
    domainname: config.Domainname ?? "",
    networkMode: config.NetworkDisabled ? "none" : hostConfig.NetworkMode || "default",
    endpoints: config.NetworkDisabled ? {} : endpoints,
    exposedPorts: Object.keys(config.ExposedPorts ?? {}),
    portBindings: hostConfig.PortBindings ?? null,
    publishAllPorts: hostConfig.PublishAllPorts ?? false,
    sysctls: Object.fromEntries(sysctls),
    dns: hostConfig.Dns ?? [],
    dnsOptions: hostConfig.DnsOptions ?? [],
    dnsSearch: hostConfig.DnsSearch ?? [],
    extraHosts: hostConfig.ExtraHosts ?? [],
    links: links.map((link) => {
      const other = findContainer(ctx, link.containerId);
      if (!isRunning(other.state)) throw internal(`Cannot link to a non running container: /${other.name} AS /${c.name}/${link.alias}`);
      return link;
    }),
  };
}
