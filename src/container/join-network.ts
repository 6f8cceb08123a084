import { mkdirSync, writeFileSync } from "node:fs";
import { hostname as hostName } from "node:os";
import type { NetworkSettings } from "../api/types/container.ts";
import { conflict, EngineError, errorKind, errorMessage, internal, isNotFound } from "../lib/errors.ts";
import type { SandboxRequest } from "../network/context.ts";
import { setUpSandbox } from "../network/set-up.ts";
import type { ContainerContext } from "./context.ts";
import { findContainer } from "./lookup.ts";
import { dataDir, hostnamePath, hostsPath, resolvConfPath } from "./paths.ts";
import { isRunning, type ContainerRecord } from "./record.ts";

/** A container's place on the network, as its specification needs it. */
export interface JoinedNetwork {
  /** null: the host's namespace. */
  netnsPath: string | null;
  settings: NetworkSettings;
  hostname: string;
  domainname: string;
  /** Host paths of the files that are mounted into /etc. */
  files: { hosts: string; hostname: string; resolvConf: string };
}

/** The id or name after `container:`; undefined for any other mode. */
export function sharedContainer(mode: string | null | undefined): string | undefined {
  return mode?.startsWith("container:") ? mode.slice("container:".length) : undefined;
}

/** Sets up the container's own network, or finds the one it shares. */
export async function joinNetwork(ctx: ContainerContext, c: ContainerRecord): Promise<JoinedNetwork> {
  const donor = sharedContainer(c.spec.hostConfig.NetworkMode);
  if (donor !== undefined && !c.spec.config.NetworkDisabled) return shareNetwork(ctx, c, donor);

  const { config, hostConfig } = c.spec;
  const hostname = config.Hostname || (hostConfig.NetworkMode === "host" ? hostName() : c.id.slice(0, 12));
  try {
    const sandbox = await setUpSandbox(ctx.networks, sandboxRequest(ctx, c, hostname));
    const files = filesOf(ctx, c.id);
    mkdirSync(dataDir(ctx, c.id), { recursive: true, mode: 0o710 });
    writeFileSync(files.hostname, `${hostname}\n`, { mode: 0o644 });
    writeFileSync(files.hosts, sandbox.hosts, { mode: 0o644 });
    writeFileSync(files.resolvConf, sandbox.resolvConf, { mode: 0o644 });
    return { netnsPath: sandbox.netnsPath, settings: sandbox.settings, hostname, domainname: config.Domainname ?? "", files };
  } catch (cause) {
    throw new EngineError(errorKind(cause), `failed to set up container networking: ${errorMessage(cause)}`, { cause });
  }
}

function shareNetwork(ctx: ContainerContext, c: ContainerRecord, ref: string): JoinedNetwork {
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
  // Joined at second hand where the other has joined a third: the namespace is the same, the files are the third's.
  const owner = sharedContainer(other.spec.hostConfig.NetworkMode);
  const files = owner === undefined ? filesOf(ctx, other.id) : shareNetwork(ctx, other, owner).files;
  return {
    netnsPath: other.spec.hostConfig.NetworkMode === "host" ? null : `/proc/${other.state.pid}/ns/net`,
    settings: {},
    hostname: other.spec.config.Hostname ?? "",
    domainname: other.spec.config.Domainname ?? "",
    files,
  };
}

function filesOf(ctx: ContainerContext, id: string): JoinedNetwork["files"] {
  return { hosts: hostsPath(ctx, id), hostname: hostnamePath(ctx, id), resolvConf: resolvConfPath(ctx, id) };
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
