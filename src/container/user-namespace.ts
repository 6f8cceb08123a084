import { chmodSync, chownSync, statSync } from "node:fs";
import { join } from "node:path";
import { type IdMaps, idsOutside } from "../linux/id-maps.ts";
import type { ContainerDeps } from "./deps.ts";
import { findContainer } from "./lookup.ts";
import { sharedContainer } from "./network/network-files.ts";
import { type ContainerRecord, countsAsRunning } from "./record.ts";
import { setState } from "./state.ts";

/** The user namespace that a container is built in, and what its ids are outside. */
export interface UserNamespace extends Disposable {
  /** For the runtime to enter it by. */
  path: string;
  /** A descriptor of it, for a network namespace of its own to belong to; absent: it is another container's. */
  fd?: number;
  ids: IdMaps;
}

/**
 * What the ids of a container's files are outside, wherever its root filesystem is mounted; undefined: themselves.
 * While it runs that is as it was when it started, whatever the settings are now.
 */
export function idsOf(deps: ContainerDeps, c: ContainerRecord): IdMaps | undefined {
  if (c.state.phase === "starting" || countsAsRunning(c.state)) return c.state.ids ?? undefined;
  return wantedIds(deps, c);
}

/** By the settings: of every container that does not ask for the host's user namespace. */
function wantedIds(deps: ContainerDeps, { spec }: Pick<ContainerRecord, "spec">): IdMaps | undefined {
  return spec.hostConfig.UsernsMode === "host" ? undefined : (deps.remap ?? undefined);
}

/**
 * Notes what a container's root filesystem is to be mounted for. Where it is mounted still, and for something else, it
 * is unmounted. The caller holds the lock.
 */
export async function settleIds(deps: ContainerDeps, c: ContainerRecord, ids: IdMaps | undefined): Promise<void> {
  if (JSON.stringify(ids ?? null) === JSON.stringify(c.state.ids ?? null)) return;
  await deps.rootfs.unmount(c.id);
  setState(deps, c, { ids: ids ?? null });
}

/**
 * The user namespace for a run of a container: one of its own, or that of the container whose network, processes or IPC
 * it shares, since those belong to it. Null: the host's. To be held until the runtime has built the container.
 */
export async function openUserNamespace(deps: ContainerDeps, c: ContainerRecord): Promise<UserNamespace | null> {
  const ids = wantedIds(deps, c);
  if (!ids) return null;
  const { NetworkMode, PidMode, IpcMode } = c.spec.hostConfig;
  const [donor] = [NetworkMode, PidMode, IpcMode].flatMap((mode) => sharedContainer(mode) ?? []);
  if (donor === undefined) return { ...(await deps.kernel.userNamespace(ids)), ids };
  const { state } = findContainer(deps, donor);
  if (!state.ids) return null;
  return { path: `/proc/${state.pid}/ns/user`, ids: state.ids, [Symbol.dispose]: () => {} };
}

/**
 * Lets root of the namespace pass through the engine's directories to what the runtime mounts as that root: by group,
 * as Docker does, so that nobody else may.
 */
export function letThrough(deps: ContainerDeps, id: string, ids: IdMaps): void {
  const { gid } = rootOf(ids);
  const { execRoot } = deps;
  for (const path of [execRoot, join(execRoot, "containers"), join(execRoot, "containers", id)]) {
    const { mode } = statSync(path);
    if ((mode & 0o001) !== 0) continue;
    chownSync(path, 0, gid);
    chmodSync(path, (mode & 0o7777) | 0o010);
  }
}

/** Who root of the namespace is outside. */
export function rootOf(ids: IdMaps | undefined): { uid: number; gid: number } {
  return (ids && idsOutside(ids, { uid: 0, gid: 0 })) ?? { uid: 0, gid: 0 };
}
