import { statSync } from "node:fs";
import { conflict, errorMessage, invalid, isNotFound } from "../lib/errors.ts";
import type { Mount } from "../linux/mount.ts";
import type { OciSpec } from "../oci/runtime.ts";
import type { ContainerContext } from "./context.ts";
import type { NetworkJoin } from "./join-network.ts";
import { findContainer } from "./lookup.ts";
import { networkFileMounts, sharedContainer } from "./network-files.ts";
import { prepareShm } from "./mounts/set-up.ts";
import { shmDir } from "./paths.ts";
import { isRunning, type ContainerRecord } from "./record.ts";
import { prepareSpec } from "../runtime/spec/prepare.ts";
import type { NamespaceChoice } from "../runtime/spec/types.ts";

export interface SpecParts {
  /** Where the root filesystem is mounted. */
  rootfs: string;
  network: Pick<NetworkJoin, "hostname" | "domainname" | "files">;
  /** null: the host's. */
  netnsPath: string | null;
  mounts: Mount[];
}

/** The runtime's specification of a container whose parts are in place. */
export async function composeSpec(ctx: ContainerContext, c: ContainerRecord, { rootfs, network, netnsPath, mounts }: SpecParts): Promise<OciSpec> {
  const { config, hostConfig } = c.spec;
  const ipc = await chooseIpc(ctx, c);
  return prepareSpec({
    id: c.id,
    config,
    hostConfig,
    rootfs,
    mounts: [...mounts, ...networkFiles(c, network)],
    namespaces: {
      network: netnsPath === null ? "host" : { path: netnsPath },
      ipc: ipc.namespace,
      pid: choosePid(ctx, hostConfig.PidMode ?? ""),
      uts: hostConfig.UTSMode === "host" ? "host" : "private",
      cgroup: hostConfig.CgroupnsMode === "host" ? "host" : "private",
    },
    ...(ipc.shmPath && { shmPath: ipc.shmPath }),
    hostname: hostConfig.UTSMode === "host" ? "" : network.hostname,
    domainname: hostConfig.UTSMode === "host" ? "" : network.domainname,
    defaults: ctx.defaults,
    cgroupDriver: ctx.runtime.cgroupDriver,
    instance: ctx.runtime.instance,
    facts: ctx.facts,
  });
}

/** The engine's own files in /etc. */
function networkFiles(c: ContainerRecord, { files }: SpecParts["network"]): Mount[] {
  return networkFileMounts(c, files)
    .map(([destination, source]) => ({ destination, type: "bind", source, options: ["rbind", "rprivate", ...(c.spec.hostConfig.ReadonlyRootfs ? ["ro"] : [])] }));
}

function choosePid(ctx: ContainerContext, mode: string): NamespaceChoice {
  if (mode === "host") return "host";
  const ref = sharedContainer(mode);
  return ref === undefined ? "private" : { path: `/proc/${runningContainer(ctx, ref, "failed to join PID namespace").state.pid}/ns/pid` };
}

/** The IPC namespace, and what lies under /dev/shm where that is not the container's own affair. */
async function chooseIpc(ctx: ContainerContext, c: ContainerRecord): Promise<{ namespace: NamespaceChoice; shmPath?: string }> {
  const mode = c.spec.hostConfig.IpcMode ?? "";
  if (mode === "host") return { namespace: "host", shmPath: "/dev/shm" };
  const ref = sharedContainer(mode);
  if (ref !== undefined) {
    const donor = runningContainer(ctx, ref, "failed to join IPC namespace");
    const shmPath = donor.spec.hostConfig.IpcMode === "host" ? "/dev/shm" : shmDir(ctx, donor.id);
    if (!isDirectory(shmPath)) {
      throw invalid(`failed to join IPC namespace: container ${ref}: non-shareable IPC (hint: use IpcMode:shareable for the donor container)`);
    }
    return { namespace: { path: `/proc/${donor.state.pid}/ns/ipc` }, shmPath };
  }
  if (mode === "shareable" && !c.spec.mounts.some((point) => point.destination === "/dev/shm")) {
    return { namespace: "private", shmPath: await prepareShm(ctx, c) };
  }
  return { namespace: "private" };
}

function runningContainer(ctx: ContainerContext, ref: string, what: string): ContainerRecord {
  let c: ContainerRecord;
  try {
    c = findContainer(ctx, ref);
  } catch (cause) {
    throw isNotFound(cause) ? invalid(`${what}: ${errorMessage(cause)}`, cause) : cause;
  }
  if (c.state.phase === "restarting") throw conflict(`${what}: Container ${ref} is restarting, wait until the container is running`);
  if (!isRunning(c.state)) throw conflict(`${what}: container ${ref} is not running`);
  return c;
}

function isDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}
