import type { ContainerContext } from "./context.ts";
import { findContainer } from "./lookup.ts";
import { hostnamePath, hostsPath, resolvConfPath } from "./paths.ts";
import type { ContainerRecord } from "./record.ts";

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

/** A container's own, or those of the one whose network it shares, at whatever remove. Throws not-found where that is gone. */
export function networkFilesOf(ctx: ContainerContext, c: ContainerRecord): NetworkFiles {
  const donor = c.spec.config.NetworkDisabled ? undefined : sharedContainer(c.spec.hostConfig.NetworkMode);
  if (donor !== undefined) return networkFilesOf(ctx, findContainer(ctx, donor));
  return { hosts: hostsPath(ctx, c.id), hostname: hostnamePath(ctx, c.id), resolvConf: resolvConfPath(ctx, c.id) };
}

/** Where they show in the container, as `[destination, source]`, but for those that the user mounts something else upon. */
export function networkFileMounts(c: ContainerRecord, files: NetworkFiles): [destination: string, source: string][] {
  const own = { "/etc/resolv.conf": files.resolvConf, "/etc/hostname": files.hostname, "/etc/hosts": files.hosts };
  return Object.entries(own).filter(([destination]) => !c.spec.mounts.some((point) => point.destination === destination));
}
