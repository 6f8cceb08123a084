import type { ContainerDeps } from "./deps.ts";

/** What outlives a reboot: hosts, hostname, resolv.conf, logs. */
export const dataDir = (deps: Pick<ContainerDeps, "dataRoot">, id: string) => `${deps.dataRoot}/containers/${id}`;
/** What a start makes; shared with runtime/ (the bundle) and image/ (the root mount). */
export const execDir = (deps: Pick<ContainerDeps, "execRoot">, id: string) => `${deps.execRoot}/containers/${id}`;
/** tmpfs for /dev/shm of a container whose IPC namespace others may join. */
export const shmDir = (deps: Pick<ContainerDeps, "execRoot">, id: string) => `${execDir(deps, id)}/shm`;
/** Bind mounts of the subpaths of volumes, for the length of a start. */
export const pinsDir = (deps: Pick<ContainerDeps, "execRoot">, id: string) => `${execDir(deps, id)}/pins`;
/** The live log file, in the engine's own format; rotated files lie beside it. */
export const logPath = (deps: Pick<ContainerDeps, "dataRoot">, id: string) => `${dataDir(deps, id)}/logs/container.log`;
/** The log once more, for programs that follow Docker's json-file (see runtime/logs/collection.ts). */
export const jsonLogPath = (deps: Pick<ContainerDeps, "dataRoot">, id: string) => `${dataDir(deps, id)}/${id}-json.log`;
/** How far that one is. */
export const jsonLogStatePath = (deps: Pick<ContainerDeps, "dataRoot">, id: string) =>
  `${dataDir(deps, id)}/logs/json-log.json`;
/** How far the log is sent, where its driver sends it elsewhere. */
export const sentLogStatePath = (deps: Pick<ContainerDeps, "dataRoot">, id: string) =>
  `${dataDir(deps, id)}/logs/sent.json`;
/** The file that the container sees as `/etc/hostname`. */
export const hostnamePath = (deps: Pick<ContainerDeps, "dataRoot">, id: string) => `${dataDir(deps, id)}/hostname`;
/** The file that the container sees as `/etc/hosts`. */
export const hostsPath = (deps: Pick<ContainerDeps, "dataRoot">, id: string) => `${dataDir(deps, id)}/hosts`;
/** The file that the container sees as `/etc/resolv.conf`. */
export const resolvConfPath = (deps: Pick<ContainerDeps, "dataRoot">, id: string) => `${dataDir(deps, id)}/resolv.conf`;
