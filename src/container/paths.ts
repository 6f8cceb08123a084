import type { ContainerContext } from "./context.ts";

/** What outlives a reboot: hosts, hostname, resolv.conf, logs. */
export const dataDir = (ctx: Pick<ContainerContext, "dataRoot">, id: string) => `${ctx.dataRoot}/containers/${id}`;
/** What a start makes; shared with runtime/ (the bundle) and image/ (the root mount). */
export const execDir = (ctx: Pick<ContainerContext, "execRoot">, id: string) => `${ctx.execRoot}/containers/${id}`;
/** tmpfs for /dev/shm of a container whose IPC namespace others may join. */
export const shmDir = (ctx: Pick<ContainerContext, "execRoot">, id: string) => `${execDir(ctx, id)}/shm`;
/** Bind mounts of the subpaths of volumes, for the length of a start. */
export const pinsDir = (ctx: Pick<ContainerContext, "execRoot">, id: string) => `${execDir(ctx, id)}/pins`;
export const logPath = (ctx: Pick<ContainerContext, "dataRoot">, id: string) => `${dataDir(ctx, id)}/logs/container.log`;
export const hostnamePath = (ctx: Pick<ContainerContext, "dataRoot">, id: string) => `${dataDir(ctx, id)}/hostname`;
export const hostsPath = (ctx: Pick<ContainerContext, "dataRoot">, id: string) => `${dataDir(ctx, id)}/hosts`;
export const resolvConfPath = (ctx: Pick<ContainerContext, "dataRoot">, id: string) => `${dataDir(ctx, id)}/resolv.conf`;
