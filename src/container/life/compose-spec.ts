import { chownSync, statSync } from "node:fs";
import { conflict, EngineError, errorMessage, internal, invalid, isNotFound } from "../../lib/errors.ts";
import type { Mount } from "../../linux/mount.ts";
import type { OciSpec } from "../../oci/runtime.ts";
import { prepareSpec } from "../../runtime/bundle/prepare.ts";
import type { NamespaceChoice } from "../../runtime/bundle/types.ts";
import type { ContainerDeps } from "../deps.ts";
import { findContainer } from "../lookup.ts";
import { prepareShm } from "../mounts/set-up.ts";
import type { NetworkJoin } from "../network/join-network.ts";
import { networkFileMounts, sharedContainer } from "../network/network-files.ts";
import { shmDir } from "../paths.ts";
import { type ContainerRecord, countsAsRunning } from "../record.ts";
import { idsOf, rootOf, type UserNamespace } from "../user-namespace.ts";

/** What a start has prepared before the OCI specification can be written. */
export interface SpecParts {
  /** Where the root filesystem is mounted. */
  rootfs: string;
  network: Pick<NetworkJoin, "hostname" | "domainname" | "files" | "linkEnv">;
  /** null: the host's. */
  netnsPath: string | null;
  mounts: Mount[];
  /** null: the host's. */
  userns: Pick<UserNamespace, "path" | "ids"> | null;
}

/** The runtime's specification of a container whose parts are in place. */
export async function composeSpec(
  deps: ContainerDeps,
  c: ContainerRecord,
  { rootfs, network, netnsPath, mounts, userns }: SpecParts,
): Promise<OciSpec> {
  const { config, hostConfig } = c.spec;
  const ipc = await chooseIpc(deps, c);
  const spec = prepareSpec({
    id: c.id,
    config,
    hostConfig,
    rootfs,
    mounts: [...mounts, ...networkFiles(deps, c, network)],
    namespaces: {
      network: netnsPath === null ? "host" : { path: netnsPath },
      ipc: ipc.namespace,
      pid: choosePid(deps, hostConfig.PidMode ?? ""),
      uts: hostConfig.UTSMode === "host" ? "host" : "private",
      cgroup: hostConfig.CgroupnsMode === "host" ? "host" : "private",
      user: userns ? { path: userns.path } : "host",
    },
    ...(ipc.shmPath && { shmPath: ipc.shmPath }),
    hostname: hostConfig.UTSMode === "host" ? "" : network.hostname,
    domainname: hostConfig.UTSMode === "host" ? "" : network.domainname,
    linkEnv: network.linkEnv,
    defaults: deps.defaults,
    cgroupDriver: deps.runtime.cgroupDriver,
    instance: deps.runtime.instance,
    facts: deps.facts,
    cdi: deps.cdi,
    ids: userns?.ids ?? null,
  });
  return spec.catch((cause: unknown) => {
    // The request to start is none the worse for it: as in Docker, whatever is wrong now is a failure of the engine.
    throw cause instanceof EngineError ? internal(cause.message, cause) : cause;
  });
}

/** The engine's own files in /etc, which are the container's root's. */
function networkFiles(deps: ContainerDeps, c: ContainerRecord, { files }: SpecParts["network"]): Mount[] {
  const { uid, gid } = rootOf(idsOf(deps, c));
  if (sharedContainer(c.spec.hostConfig.NetworkMode) === undefined)
    for (const path of Object.values(files)) chownSync(path, uid, gid);
  return networkFileMounts(c, files).map(([destination, source]) => ({
    destination,
    type: "bind",
    source,
    options: ["rbind", "rprivate", ...(c.spec.hostConfig.ReadonlyRootfs ? ["ro"] : [])],
  }));
}

function choosePid(deps: ContainerDeps, mode: string): NamespaceChoice {
  if (mode === "host") return "host";
  const ref = sharedContainer(mode);
  if (ref === undefined) return "private";
  try {
    return { path: `/proc/${runningContainer(deps, ref, "failed to join PID namespace").state.pid}/ns/pid` };
  } catch (cause) {
    // Unlike with IPC, whatever is wrong with the other one is told as a failure of the engine.
    throw internal(errorMessage(cause), cause);
  }
}

/** The IPC namespace, and what lies under /dev/shm where that is not the container's own affair. */
async function chooseIpc(
  deps: ContainerDeps,
  c: ContainerRecord,
): Promise<{ namespace: NamespaceChoice; shmPath?: string }> {
  const mode = c.spec.hostConfig.IpcMode ?? "";
  if (mode === "host") return { namespace: "host", shmPath: "/dev/shm" };
  const ref = sharedContainer(mode);
  if (ref !== undefined) {
    const donor = runningContainer(deps, ref, "failed to join IPC namespace");
    const shmPath = donor.spec.hostConfig.IpcMode === "host" ? "/dev/shm" : shmDir(deps, donor.id);
    if (!isDirectory(shmPath)) {
      throw invalid(
        `failed to join IPC namespace: container ${ref}: non-shareable IPC (hint: use IpcMode:shareable for ` +
          "the donor container)",
      );
    }
    return { namespace: { path: `/proc/${donor.state.pid}/ns/ipc` }, shmPath };
  }
  if (mode === "shareable" && !c.spec.mounts.some((point) => point.destination === "/dev/shm")) {
    return { namespace: "private", shmPath: await prepareShm(deps, c) };
  }
  return { namespace: "private" };
}

function runningContainer(deps: ContainerDeps, ref: string, what: string): ContainerRecord {
  let c: ContainerRecord;
  try {
    c = findContainer(deps, ref);
  } catch (cause) {
    throw isNotFound(cause) ? invalid(`${what}: ${errorMessage(cause)}`, cause) : cause;
  }
  if (c.state.phase === "restarting")
    throw conflict(`${what}: Container ${ref} is restarting, wait until the container is running`);
  if (!countsAsRunning(c.state)) throw conflict(`${what}: container ${ref} is not running`);
  return c;
}

function isDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}
