import type { ContainerConfig, HostConfig, Resources } from "../../api/types/container.ts";
import type { CgroupDriver } from "../../linux/cgroup.ts";
import type { IdMaps } from "../../linux/id-maps.ts";
import type { Mount } from "../../linux/mount.ts";
import type { OciDevice, OciDeviceRule, OciThrottle } from "../../oci/runtime.ts";
import type { CdiRegistry } from "../cdi/registry.ts";
import type { SeccompProfile } from "./seccomp/profile.ts";

/** What the machine and the daemon's own limits offer; read once by readHostFacts. */
export interface HostFacts {
  cgroupVersion: 1 | 2;
  /** Capabilities that the daemon itself holds and may hand on, as `CAP_…`. */
  capabilities: string[];
  /** Kernel release, major and minor. */
  kernel: [number, number];
  /** As Go names it: `amd64`, `arm64`. */
  arch: string;
  seccomp: boolean;
  /** On, and the default profile can be loaded. */
  apparmor: boolean;
  cgroupNamespaces: boolean;
  /** As it is now: the daemon itself turns it on. */
  readonly ipv4Forwarding: boolean;
  /**
   * Hard limits that the daemon cannot raise, by rlimit name without `RLIMIT_`; a missing name is unlimited or
   * raisable.
   */
  rlimits: Record<string, number>;
  /** CPUs online. */
  cpus: number;
  /** Which of Docker's resource options the cgroups can carry. */
  memoryLimit: boolean;
  swapLimit: boolean;
  memoryReservation: boolean;
  memorySwappiness: boolean;
  oomKillDisable: boolean;
  cpuShares: boolean;
  cpuCfs: boolean;
  cpuRealtime: boolean;
  cpuset: boolean;
  /** Lists in kernel notation, `0-3,8`. */
  cpusetCpus: string;
  cpusetMems: string;
  pidsLimit: boolean;
  readonly blkioWeight: boolean;
  readonly blkioWeightDevice: boolean;
  blkioThrottle: boolean;
  cgroupDevices: boolean;
  /** Paths below /sys that tell of the CPUs' temperature; masked. */
  thermalPaths: string[];
  /** Settings of /proc/sys that Docker sets in every private network namespace, where the kernel has them. */
  pingGroupRange: boolean;
  unprivilegedPorts: boolean;
}

/** The daemon's settings that a request may leave open. A ContainerDefaults is one. */
export interface SpecDefaults {
  init: boolean;
  initPath: string;
  /** Bytes. */
  shmSize: number;
  ulimits: NonNullable<Resources["Ulimits"]>;
  /** `builtin`, `unconfined`, or the path of a profile. */
  seccompProfile: string;
  noNewPrivileges: boolean;
  /** Empty: one that derives from the daemon's instance, or `system.slice`. */
  cgroupParent: string;
}

/** A namespace of its own, the host's, or that behind a path (`/proc/<pid>/ns/ipc`, `/run/berth/netns/<id>`). */
export type NamespaceChoice = "private" | "host" | { path: string };

/** Which namespace of each kind a container gets. */
export interface NamespaceChoices {
  network: NamespaceChoice;
  ipc: NamespaceChoice;
  pid: NamespaceChoice;
  uts: NamespaceChoice;
  cgroup: NamespaceChoice;
  /** Absent: the host's. */
  user?: NamespaceChoice;
}

/** What prepareSpec takes: the container as it is stored, and what other folders have set up for it. */
export interface SpecRequest {
  id: string;
  /** Merged with the image's. */
  config: ContainerConfig;
  hostConfig: HostConfig;
  /** Where the root filesystem is mounted on the host. */
  rootfs: string;
  /** The container's own mounts (binds, volumes, tmpfs, /etc/hosts and its like), parents before children. */
  mounts: Mount[];
  namespaces: NamespaceChoices;
  /** Host directory that is bound to /dev/shm (shareable, or another container's); absent: a tmpfs of its own. */
  shmPath?: string;
  /** Empty leaves the host's (uts namespace of the host). */
  hostname: string;
  domainname: string;
  /** Variables of links, put between the defaults and the container's own. */
  linkEnv?: string[];
  defaults: SpecDefaults;
  cgroupDriver: CgroupDriver;
  /** The daemon's instance name, for the default cgroup parent. */
  instance: string;
  facts: HostFacts;
  /** Devices by name; null: turned off. */
  cdi: CdiRegistry | null;
  /** What its ids are outside of its user namespace; null: itself. */
  ids: IdMaps | null;
}

/** What buildSpec takes: a request with everything that had to be looked up on the host. */
export interface SpecInput extends SpecRequest {
  user: ResolvedUser;
  devices: ResolvedDevices;
  throttles: BlockLimits;
  /** Null: unconfined. */
  seccomp: SeccompProfile | null;
  /** Empty: none. */
  apparmorProfile: string;
}

/** A process's identity, from a `user[:group]` and the image's own account files. */
export interface ResolvedUser {
  uid: number;
  gid: number;
  /** Supplementary, the primary group first. */
  groups: number[];
  /** Home directory; `/` where the account files know none. */
  home: string;
}

/** The device nodes that the container gets, and the rules that let it use devices. */
export interface ResolvedDevices {
  nodes: OciDevice[];
  rules: OciDeviceRule[];
}

/** Block-device limits with paths turned into numbers. */
export interface BlockLimits {
  weightDevice: { major: number; minor: number; weight: number }[];
  readBps: OciThrottle[];
  writeBps: OciThrottle[];
  readIops: OciThrottle[];
  writeIops: OciThrottle[];
}
