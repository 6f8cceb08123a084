import { mkdirSync, writeFileSync } from "node:fs";
import { hostname as hostName } from "node:os";
import { conflict, EngineError, errorKind, errorMessage, internal, isNotFound } from "../../lib/errors.ts";
import type { SandboxRequest } from "../../network/sandbox/request.ts";
import type { ContainerDeps } from "../deps.ts";
import { linksOf } from "../link-table.ts";
import { findContainer } from "../lookup.ts";
import { dataDir } from "../paths.ts";
import { type ContainerRecord, countsAsRunning, type RunState } from "../record.ts";
import { linkVariables } from "./links.ts";
import { type NetworkFiles, networkFilesOf, sharedContainer } from "./network-files.ts";

/** A container's place on the network: what its specification needs at once, and the rest when it is there. */
export interface NetworkJoin {
  /** null: the host's namespace. Rejects where the namespace could not be made. */
  netnsPath: Promise<string | null>;
  hostname: string;
  domainname: string;
  /**
   * Host paths of the files that are mounted into /etc. They exist; hosts and resolv.conf get their content by `ready`.
   */
  files: NetworkFiles;
  /** Variables that tell of the containers linked to. */
  linkEnv: string[];
  /** Interfaces are made only after this was called. */
  furnish(): void;
  /** All is in place. */
  ready: Promise<Pick<RunState, "network" | "resolvConf">>;
  /** Resolves when the set-up has ended, whether it failed or not: only then can it be torn down. */
  settle(): Promise<void>;
}

/**
 * Begins to set up the container's own network, or finds the one it shares. `userns`: a descriptor of the user
 * namespace that a network namespace of its own is to belong to.
 */
export function joinNetwork(deps: ContainerDeps, c: ContainerRecord, userns?: number): NetworkJoin {
  const donor = sharedContainer(c.spec.hostConfig.NetworkMode);
  return donor !== undefined && !c.spec.config.NetworkDisabled
    ? shareNetwork(deps, c, donor)
    : ownNetwork(deps, c, userns);
}

function ownNetwork(deps: ContainerDeps, c: ContainerRecord, userns: number | undefined): NetworkJoin {
  const { config, hostConfig } = c.spec;
  const hostname = config.Hostname || (hostConfig.NetworkMode === "host" ? hostName() : c.id.slice(0, 12));
  const linkEnv = linkVariables(deps, c);
  const files = networkFilesOf(deps, c);
  mkdirSync(dataDir(deps, c.id), { recursive: true, mode: 0o710 });
  writeFileSync(files.hostname, `${hostname}\n`, { mode: 0o644 });
  for (const path of [files.hosts, files.resolvConf]) writeFileSync(path, "", { mode: 0o644 });

  // Resolves when the first of two happens: the empty namespace exists, or the set-up has ended.
  const netns = Promise.withResolvers<string | null>();
  const furnished = Promise.withResolvers<void>();
  const onNamespace = (path: string) => {
    netns.resolve(path);
    return furnished.promise;
  };
  const ready = deps.networks
    .setUp({
      ...sandboxRequest(deps, c, hostname),
      ...(userns !== undefined && { userns }),
      onNamespace,
    })
    .then(
      (sandbox) => {
        writeFileSync(files.hosts, sandbox.hosts);
        writeFileSync(files.resolvConf, sandbox.resolvConf);
        netns.resolve(sandbox.netnsPath);
        return { network: sandbox.settings, resolvConf: sandbox.resolvConf };
      },
      (cause: unknown) => {
        const error = new EngineError(
          errorKind(cause),
          `failed to set up container networking: ${errorMessage(cause)}`,
          {
            cause,
          },
        );
        netns.reject(error);
        throw error;
      },
    );
  const settle = async () => {
    furnished.resolve();
    await Promise.allSettled([ready, netns.promise]);
  };
  // Callers that await them get the error; until then it must not count as an unhandled rejection, which ends the
  // daemon.
  void Promise.allSettled([ready, netns.promise]);
  return {
    netnsPath: netns.promise,
    hostname,
    domainname: config.Domainname ?? "",
    files,
    linkEnv,
    furnish: furnished.resolve,
    ready,
    settle,
  };
}

function shareNetwork(deps: ContainerDeps, c: ContainerRecord, ref: string): NetworkJoin {
  const other = findDonor(deps, ref);
  if (other.id === c.id) throw internal("cannot join own network namespace");
  return {
    ...donated(deps, other, ref),
    hostname: other.spec.config.Hostname ?? "",
    domainname: other.spec.config.Domainname ?? "",
    linkEnv: [],
    furnish: () => {},
    ready: Promise.resolve({ network: {} }),
    settle: () => Promise.resolve(),
  };
}

/** The network of a running container, for a process that is not a container (a build step). Null: the host's. */
export async function networkOfContainer(
  deps: ContainerDeps,
  ref: string,
): Promise<{ netnsPath: string | null; files: NetworkFiles }> {
  const { netnsPath, files } = donated(deps, findDonor(deps, ref), ref);
  return { netnsPath: await netnsPath, files };
}

function findDonor(deps: ContainerDeps, ref: string): ContainerRecord {
  try {
    return findContainer(deps, ref);
  } catch (cause) {
    if (isNotFound(cause)) throw internal(`joining network namespace of container: ${errorMessage(cause)}`, cause);
    throw cause;
  }
}

function donated(deps: ContainerDeps, other: ContainerRecord, ref: string): Pick<NetworkJoin, "netnsPath" | "files"> {
  if (other.state.phase === "restarting")
    throw conflict(
      `cannot join network namespace of container: Container ${ref} is restarting, wait until the container is running`,
    );
  if (!countsAsRunning(other.state))
    throw conflict(
      `cannot join network namespace of a non running container: container ${other.name} is ${other.state.phase}`,
    );
  return {
    netnsPath: Promise.resolve(other.spec.hostConfig.NetworkMode === "host" ? null : `/proc/${other.state.pid}/ns/net`),
    // If the other container itself shares a third one's network, the namespace is the same but the files are the
    // third's.
    files: networkFilesOf(deps, other),
  };
}

function sandboxRequest(deps: ContainerDeps, c: ContainerRecord, hostname: string): SandboxRequest {
  const { config, hostConfig, endpoints } = c.spec;
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
    links: linksOf(deps.store, c.id).map(({ childId, alias }) => ({ containerId: childId, alias })),
  };
}
