import type {
  ContainerConfig,
  Health,
  HealthAction,
  HostConfig,
  Mount as MountRequest,
  MountType,
  NetworkSettings,
} from "../api/types/container.ts";
import type { EndpointSettings } from "../api/types/network.ts";
import type { IdMaps } from "../linux/id-maps.ts";

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

/** What the container is to be, as opposed to {@link RunState}, what it is now. */
export interface ContainerSpec {
  /** The request merged with the image's own configuration. `Image` is as the client wrote it. */
  config: ContainerConfig;
  hostConfig: HostConfig;
  /** Desired endpoints by network name, as requested at create or by connect. */
  endpoints: Record<string, EndpointSettings>;
  /** Resolved mounts, sorted by destination depth. */
  mounts: MountPointRecord[];
  /** `os` of the image, as inspect shows it. */
  platform: string;
  /** Secrets and configs: files that it sees read-only, and that nobody is told of as mounts. */
  files?: LaidFile[];
}

/** A file of this machine, and where a container sees it. */
export interface LaidFile {
  source: string;
  destination: string;
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
  /** How ids in the file system show in the container; see id-map.ts. Absent: as they are. */
  idMap?: string;
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
export type Phase =
  | "creating"
  | "created"
  | "starting"
  | "running"
  | "paused"
  | "restarting"
  | "exited"
  | "removing"
  | "dead";

/** What the container is now and how its last run went. pids are 0 while there is no process; times are RFC 3339. */
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
  /**
   * What the health check's verdict ordered: from the verdict until the run has ended, of a restart until the next run
   * has begun. Any other stop of the container cancels it.
   */
  ordered?: Exclude<HealthAction, "none"> | null;
  /** As the network set-up left it; kept (without addresses) after exit. */
  network: NetworkSettings;
  /**
   * /etc/resolv.conf as the engine wrote it last: a file with other content was changed by the container. Absent from
   * starts of older engines.
   */
  resolvConf?: string;
  /** Limits are being changed: the kernel may not have those of the specification yet. */
  limitsDue?: boolean;
  /** What the ids of this run are outside of its user namespace; null: it runs in the host's. */
  ids?: IdMaps | null;
  /** The engine freezes the container for a moment, not by request. */
  heldStill?: boolean;
  /**
   * How the run ended. Set before its resources are released (which deletes the runtime's record of the exit), removed
   * once the state shows the end.
   */
  ending?: { exitCode: number; finishedAtNano: string; oomKilled: boolean } | null;
  /** Set with the phase `removing`: anonymous volumes go too. */
  removeVolumes?: boolean;
  /** Kernel boot id of the last start: a difference means that the machine went down under it. */
  bootId: string;
}

/** Go's zero time, with which Docker says "never". */
export const ZERO_TIME = "0001-01-01T00:00:00Z";

/** The state of a container that is being created and has never run. */
export function newRunState(): RunState {
  return {
    phase: "creating",
    pid: 0,
    conmonPid: 0,
    exitCode: 0,
    error: "",
    oomKilled: false,
    startedAt: ZERO_TIME,
    finishedAt: ZERO_TIME,
    restartCount: 0,
    manuallyStopped: false,
    started: false,
    network: {},
    bootId: "",
  };
}

/** What `inspect` shows as Running: there is a process, or there soon will be again (between restarts by policy). */
export function countsAsRunning(state: RunState): boolean {
  return state.phase === "running" || state.phase === "paused" || state.phase === "restarting";
}

/** There is a process, frozen or not. Between restarts there is none: what it held of the machine is given back. */
export function hasProcess(state: RunState): boolean {
  return state.phase === "running" || state.phase === "paused";
}
