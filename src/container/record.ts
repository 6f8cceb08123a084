import type { ContainerConfig, Health, HostConfig, MountType, Mount as MountRequest, NetworkSettings } from "../api/types/container.ts";
import type { EndpointSettings } from "../api/types/network.ts";

/**
 * What the database keeps of a container. `spec` is desired: it changes by request only. `state` is observed:
 * the engine writes it. Times are RFC 3339 with nanoseconds; `ZERO_TIME` stands for "never", as in Go.
 */
export interface ContainerRecord {
  id: string;
  /** Without the leading slash. */
  name: string;
  /** Config digest (`sha256:…`), null for a container without an image. */
  imageId: string | null;
  created: string;
  spec: ContainerSpec;
  state: RunState;
}

export interface ContainerSpec {
  /** The request merged with the image's own configuration. `Image` is as the client wrote it. */
  config: ContainerConfig;
  hostConfig: HostConfig;
  /** Desired endpoints by network name, as requested at create or by connect. */
  endpoints: Record<string, EndpointSettings>;
  /** `HostConfig.Links` on the default network, by id so that a rename does not cut them. */
  links: { containerId: string; alias: string }[];
  /** Resolved mounts, sorted by destination depth. */
  mounts: MountPointRecord[];
  /** `os` of the image, as inspect shows it. */
  platform: string;
}

/** One resolved mount of a container. */
export interface MountPointRecord {
  type: Extract<MountType, "bind" | "volume" | "tmpfs" | "image">;
  destination: string;
  /** bind: host path · volume: empty, the driver knows at mount time · image: reference as requested. */
  source: string;
  /** Volume name, or the id of the image. */
  name?: string;
  driver?: string;
  readOnly: boolean;
  /** Mode words of a `-v` string (`ro,z`), as inspect shows them. */
  mode: string;
  /** `rprivate`, `rslave`, …; empty for the default. */
  propagation: string;
  /** Fill an empty volume with what the image has at the destination. */
  copy: boolean;
  /** A directory inside the volume or image to mount instead of its root. */
  subpath?: string;
  /** Options of a tmpfs mount, in mount(8) words. */
  tmpfsOptions?: string[];
  /** Make a missing host path (`-v`), instead of refusing (`--mount`). */
  createSource?: boolean;
  /** The `HostConfig.Mounts` entry this came from. */
  request?: MountRequest;
  /** Declared by the image or `Config.Volumes`, not by a mount of the request. */
  fromImage?: boolean;
  /** An unnamed volume made for this container: it goes with the container on `rm -v`. */
  anonymous?: boolean;
}

/**
 * creating and removing are transactions under way (finished or undone at boot); starting is one too, while `running`
 * is 0. dead: removal failed half-way.
 */
export type Phase = "creating" | "created" | "starting" | "running" | "paused" | "restarting" | "exited" | "removing" | "dead";

export interface RunState {
  phase: Phase;
  pid: number;
  conmonPid: number;
  exitCode: number;
  error: string;
  oomKilled: boolean;
  startedAt: string;
  finishedAt: string;
  restartCount: number;
  /** Stopped by request: `unless-stopped` leaves it alone at boot, `always` does not. */
  manuallyStopped: boolean;
  /** Ever started: the restart policies at boot count from here. */
  started: boolean;
  health?: NonNullable<Health>;
  /** As the network set-up left it; kept (without addresses) after exit. */
  network: NetworkSettings;
  /** Frozen, or about to be, by the engine for a moment, not by request. */
  heldStill?: boolean;
  /** Set with the phase `removing`: anonymous volumes go too. */
  removeVolumes?: boolean;
  /** Kernel boot id of the last start: a difference means that the machine went down under it. */
  bootId: string;
}

export const ZERO_TIME = "0001-01-01T00:00:00Z";

export function newRunState(): RunState {
  return {
    phase: "creating", pid: 0, conmonPid: 0, exitCode: 0, error: "", oomKilled: false, startedAt: ZERO_TIME, finishedAt: ZERO_TIME,
    restartCount: 0, manuallyStopped: false, started: false, network: {}, bootId: "",
  };
}

/** There is (or soon will be again) a process: running, paused or restarting. */
export function isRunning(state: RunState): boolean {
  return state.phase === "running" || state.phase === "paused" || state.phase === "restarting";
}
