/**
 * Types of the OCI runtime specification (config.json, version 1.0), the parts that Linux containers use.
 * Field names are the specification's own.
 */

/** A container's config.json, as far as the engine writes it. */
export interface OciSpec {
  ociVersion: string;
  process: OciProcess;
  root: { path: string; readonly?: boolean };
  hostname?: string;
  domainname?: string;
  mounts: OciMount[];
  hooks?: Record<string, OciHook[]>;
  annotations?: Record<string, string>;
  linux: OciLinux;
}

/** A mount that the runtime makes; `options` as for mount(8). */
export interface OciMount {
  destination: string;
  type: string;
  source: string;
  options: string[];
}

/**
 * A program that the runtime calls at some point of the container's life. `args` begins with its name; `timeout` in
 * seconds.
 */
export interface OciHook {
  path: string;
  args?: string[];
  env?: string[];
  timeout?: number;
}

/** The `process` object; also the whole of the document that `runtime exec --process` reads. */
export interface OciProcess {
  terminal?: boolean;
  consoleSize?: { height: number; width: number };
  user: OciUser;
  args: string[];
  env: string[];
  cwd: string;
  capabilities?: OciCapabilities;
  rlimits?: OciRlimit[];
  noNewPrivileges?: boolean;
  apparmorProfile?: string;
  selinuxLabel?: string;
  oomScoreAdj?: number;
}

/** Numbers as the container sees them. */
export interface OciUser {
  uid: number;
  gid: number;
  umask?: number;
  additionalGids?: number[];
}

/** The process' five sets, by names like `CAP_CHOWN`; see capabilities(7). */
export interface OciCapabilities {
  bounding?: string[];
  effective?: string[];
  inheritable?: string[];
  permitted?: string[];
  ambient?: string[];
}

/** A limit of setrlimit(2). */
export interface OciRlimit {
  /** `RLIMIT_NOFILE`, … */
  type: string;
  soft: number;
  hard: number;
}

/** The kinds of namespaces, as the runtime specification names them. */
export type OciNamespaceType = "pid" | "network" | "mount" | "ipc" | "uts" | "user" | "cgroup";

/**
 * The part of config.json that only Linux has. A namespace without `path` is a new one; a kind that is not listed is
 * shared with the runtime, which runs in the host's.
 */
export interface OciLinux {
  namespaces: { type: OciNamespaceType; path?: string }[];
  /** Ids of the user namespace: `containerID` is `hostID` outside. */
  uidMappings?: OciIdMapping[];
  gidMappings?: OciIdMapping[];
  devices?: OciDevice[];
  cgroupsPath?: string;
  resources?: OciResources;
  rootfsPropagation?: "private" | "rprivate" | "shared" | "rshared" | "slave" | "rslave" | "unbindable";
  seccomp?: OciSeccomp;
  sysctl?: Record<string, string>;
  maskedPaths?: string[];
  readonlyPaths?: string[];
  mountLabel?: string;
  /** Classes of the processor's resource control; see the kernel's resctrl. */
  intelRdt?: {
    closID?: string;
    l3CacheSchema?: string;
    memBwSchema?: string;
    schemata?: string[];
    enableMonitoring?: boolean;
  };
  /** Network interfaces of the host, by name, that move into the container, and what they are called there. */
  netDevices?: Record<string, { name: string }>;
}

/** `size` ids from `containerID` on are those from `hostID` on. */
export interface OciIdMapping {
  containerID: number;
  hostID: number;
  size: number;
}

/** A device node that the runtime makes in the container. `fileMode`: permission bits. */
export interface OciDevice {
  /** c: character, b: block, p: fifo. */
  type: "c" | "b" | "u" | "p";
  path: string;
  major?: number;
  minor?: number;
  fileMode?: number;
  uid?: number;
  gid?: number;
}

/** Resource limits; also the document that `runtime update --resources` reads. */
export interface OciResources {
  devices?: OciDeviceRule[];
  memory?: {
    /** Bytes; -1: no limit. */
    limit?: number;
    reservation?: number;
    /** Memory and swap together, bytes; -1: no limit. */
    swap?: number;
    kernel?: number;
    swappiness?: number;
    disableOOMKiller?: boolean;
  };
  cpu?: {
    shares?: number;
    quota?: number;
    period?: number;
    realtimeRuntime?: number;
    realtimePeriod?: number;
    cpus?: string;
    mems?: string;
  };
  pids?: { limit: number };
  blockIO?: {
    weight?: number;
    weightDevice?: { major: number; minor: number; weight: number }[];
    throttleReadBpsDevice?: OciThrottle[];
    throttleWriteBpsDevice?: OciThrottle[];
    throttleReadIOPSDevice?: OciThrottle[];
    throttleWriteIOPSDevice?: OciThrottle[];
  };
  hugepageLimits?: { pageSize: string; limit: number }[];
  /** Keys of cgroup v2 written as they are. */
  unified?: Record<string, string>;
}

/** A limit on a block device: bytes or operations a second. */
export interface OciThrottle {
  major: number;
  minor: number;
  rate: number;
}

/** A rule of the cgroup's device filter; an absent number or type means all. `access`: of the letters `rwm`. */
export interface OciDeviceRule {
  allow: boolean;
  type?: "a" | "c" | "b";
  major?: number;
  minor?: number;
  access?: string;
}

/** The filter of system calls, as libseccomp is told of it: `defaultAction` holds for calls that no rule names. */
export interface OciSeccomp {
  defaultAction: string;
  defaultErrnoRet?: number;
  architectures?: string[];
  flags?: string[];
  syscalls?: OciSyscallRule[];
}

/** What happens (`SCMP_ACT_…`) to these system calls where all of `args` hold; `errnoRet`: the error that they give. */
export interface OciSyscallRule {
  names: string[];
  action: string;
  errnoRet?: number;
  args?: OciSyscallArg[];
}

/** A test of a system call's argument (0 to 5). `op`: `SCMP_CMP_…`; `valueTwo` only for `SCMP_CMP_MASKED_EQ`. */
export interface OciSyscallArg {
  index: number;
  value: number;
  valueTwo?: number;
  op: string;
}
