import type { ContainerDeps } from "../deps.ts";
import { findContainer } from "../lookup.ts";
import { hostnamePath, hostsPath, resolvConfPath } from "../paths.ts";
import type { ContainerRecord } from "../record.ts";

/** Host paths of the files that the engine keeps for a container's place on the network. */
export interface NetworkFiles {
  hosts: string;
  hostname: string;
  resolvConf: string;
}

/** The id or name after `container:`; undefined for any other mode. */
export function sharedContainer(mode: string | null | undefined): string | undefined {
  return mode?.startsWith("container:") ? mode.slice("container:".length) : undefined;
}

/**
 * The container's own files, or those of the container whose network it shares, directly or through others. Throws
 * `not-found` where that container is gone.
 */
export function networkFilesOf(deps: ContainerDeps, c: ContainerRecord): NetworkFiles {
  const donor = c.spec.config.NetworkDisabled ? undefined : sharedContainer(c.spec.hostConfig.NetworkMode);
  if (donor !== undefined) return networkFilesOf(deps, findContainer(deps, donor));
  return { hosts: hostsPath(deps, c.id), hostname: hostnamePath(deps, c.id), resolvConf: resolvConfPath(deps, c.id) };
}

/**
 * Their mounts in the container, as `[destination, source]`, without destinations that the user mounts something else
 * on.
 */
export function networkFileMounts(c: ContainerRecord, files: NetworkFiles): [destination: string, source: string][] {
  const own = { "/etc/resolv.conf": files.resolvConf, "/etc/hostname": files.hostname, "/etc/hosts": files.hosts };
  return Object.entries(own).filter(
    ([destination]) => !c.spec.mounts.some((point) => point.destination === destination),
  );
}
