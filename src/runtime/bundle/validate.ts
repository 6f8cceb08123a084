import { isAbsolute, normalize } from "node:path/posix";
import type { ContainerConfig, HostConfig } from "../../api/types/container.ts";
import { errorMessage, invalid } from "../../lib/errors.ts";
import type { CgroupDriver } from "../../linux/cgroup.ts";
import { normalizeCapabilities } from "./capabilities.ts";
import { parseDeviceRule } from "./devices.ts";
import { parseSeccompProfile } from "./seccomp/profile.ts";
import { parseSecurityOptions } from "./security-options.ts";
import type { HostFacts } from "./types.ts";
import { validateResources } from "./validate-resources.ts";

/** What a request is checked against beside the machine. */
export interface ValidateOptions {
  /** Limits of a container that exists already: those left out stay. */
  update?: boolean;
  cgroupDriver?: CgroupDriver;
  /** Names that `--runtime` may take; absent: not checked. */
  runtimes?: readonly string[];
  /** Containers have user namespaces of their own, unless they ask for the host's. */
  remapped?: boolean;
}

/**
 * Resources, namespaces and security of a request against this machine. Throws `invalid` with Docker's texts.
 * What the machine cannot honour is taken out of `hostConfig` in place, each with a warning of Docker's.
 */
export function validateHostConfig(
  config: ContainerConfig,
  hostConfig: HostConfig,
  facts: HostFacts,
  options: ValidateOptions = {},
): { warnings: string[] } {
  const warnings = validateResources(hostConfig, facts, options.update ?? false);
  validateCapabilities(hostConfig, facts);
  validateNamespaces(config, hostConfig);
  if (options.remapped && hostConfig.UsernsMode !== "host") validateRemapped(hostConfig);
  warnings.push(...validateSecurity(hostConfig, facts));
  validateDevices(hostConfig);
  if ((hostConfig.ShmSize ?? 0) < 0) throw invalid("SHM size can not be less than 0");
  const score = hostConfig.OomScoreAdj ?? 0;
  if (score < -1000 || score > 1000) throw invalid(`Invalid value ${score}, range for oom score adj is [-1000, 1000]`);
  warnings.push(...networkWarnings(hostConfig, facts));
  validateCgroupParent(hostConfig.CgroupParent ?? "", options.cgroupDriver);
  if (hostConfig.Runtime && options.runtimes && !options.runtimes.includes(hostConfig.Runtime)) {
    throw invalid(`unknown or invalid runtime name: ${hostConfig.Runtime}`);
  }
  for (const [destination, options] of Object.entries(hostConfig.Tmpfs ?? {})) validateTmpfs(destination, options);
  for (const name of Object.keys(hostConfig.Sysctls ?? {})) validateSysctl(name, hostConfig);
  if (hostConfig.CgroupnsMode === "private" && !facts.cgroupNamespaces) {
    warnings.push("Your kernel does not support cgroup namespaces.  Cgroup namespace setting discarded.");
    hostConfig.CgroupnsMode = "host";
  }
  return { warnings };
}

function validateCapabilities(hostConfig: HostConfig, facts: HostFacts): void {
  for (const field of ["CapAdd", "CapDrop"] as const) {
    try {
      normalizeCapabilities(hostConfig[field] ?? [], facts.capabilities);
    } catch (error) {
      throw invalid(`invalid ${field}: ${errorMessage(error)}`, error);
    }
  }
}

const isContainerMode = (mode: string) => /^container:.+/.test(mode);

function validateNamespaces(config: ContainerConfig, hostConfig: HostConfig): void {
  const { IpcMode, PidMode, UTSMode, CgroupnsMode, Cgroup, NetworkMode } = hostConfig;
  const check = (mode: string | null | undefined, allowed: readonly string[], ofContainers: boolean, what: string) => {
    if (!mode || allowed.includes(mode) || (ofContainers && isContainerMode(mode))) return;
    throw invalid(`invalid ${what}: ${mode}`);
  };
  check(IpcMode, ["none", "private", "host", "shareable"], true, "IPC mode");
  check(PidMode, ["host"], true, "PID mode");
  check(UTSMode, ["host"], false, "UTS mode");
  check(CgroupnsMode, ["private", "host"], false, "cgroup namespace mode");
  if (Cgroup) throw invalid(`invalid cgroup mode: ${Cgroup}`);
  // Docker sets it as a sysctl.
  if (UTSMode === "host" && config.Domainname)
    throw invalid('sysctl "kernel.domainname" is not in a separate kernel namespace');
  if (UTSMode === "host" && config.Hostname) throw invalid("conflicting options: hostname and the UTS mode");
  if (NetworkMode === "host" && hostConfig.Links?.length) {
    throw invalid(
      "conflicting options: host type networking can't be used with links. This would result in undefined behavior",
    );
  }
  if (NetworkMode === "container" || NetworkMode?.startsWith("container:"))
    validateContainerNetwork(config, hostConfig, NetworkMode);
}

/** What needs to be root on the host. */
function validateRemapped({ Privileged, NetworkMode, PidMode }: HostConfig): void {
  if (Privileged)
    throw invalid(
      "privileged mode is incompatible with user namespaces.  You must run the container in the host namespace when " +
        "running privileged mode",
    );
  if (NetworkMode === "host")
    throw invalid("cannot share the host's network namespace when user namespaces are enabled");
  if (PidMode === "host") throw invalid("cannot share the host PID namespace when user namespaces are enabled");
}

/** A container that lives in another's network can have nothing of its own there. */
function validateContainerNetwork(config: ContainerConfig, hostConfig: HostConfig, mode: string): void {
  if (!isContainerMode(mode)) throw invalid("invalid network mode: invalid container format container:<name|id>");
  if (config.Hostname) throw invalid("conflicting options: hostname and the network mode");
  if (hostConfig.Links?.length) {
    throw invalid(
      "conflicting options: container type network can't be used with links. This would result in undefined behavior",
    );
  }
  if (hostConfig.Dns?.length) throw invalid("conflicting options: dns and the network mode");
  if (hostConfig.ExtraHosts?.length)
    throw invalid("conflicting options: custom host-to-IP mapping and the network mode");
  if (Object.keys(hostConfig.PortBindings ?? {}).length > 0 || hostConfig.PublishAllPorts) {
    throw invalid("conflicting options: port publishing and the container type network mode");
  }
  if (Object.keys(config.ExposedPorts ?? {}).length > 0) {
    throw invalid("conflicting options: port exposing and the container type network mode");
  }
}

function validateSecurity(hostConfig: HostConfig, facts: HostFacts): string[] {
  const security = parseSecurityOptions(hostConfig.SecurityOpt ?? [], { noNewPrivileges: false });
  const warnings: string[] = [];
  if (security.seccomp && !["unconfined", "builtin"].includes(security.seccomp)) parseSeccompProfile(security.seccomp);
  if (security.labels.some((label) => label !== "disable"))
    warnings.push("SELinux labels are not applied on this host. Label options discarded.");
  if (security.apparmor && security.apparmor !== "unconfined" && !facts.apparmor) {
    warnings.push("AppArmor is not enabled on this host. AppArmor profile discarded.");
  }
  return warnings;
}

function validateDevices(hostConfig: HostConfig): void {
  for (const rule of hostConfig.DeviceCgroupRules ?? []) parseDeviceRule(rule);
  for (const { PathOnHost, CgroupPermissions } of hostConfig.Devices ?? []) {
    if (!PathOnHost) throw invalid("invalid device mapping: the path on the host is missing");
    if (CgroupPermissions && !/^[rwm]{1,3}$/.test(CgroupPermissions))
      throw invalid(`invalid device mode: ${CgroupPermissions}`);
  }
}

function networkWarnings({ NetworkMode, PortBindings }: HostConfig, facts: HostFacts): string[] {
  const warnings: string[] = [];
  if (!facts.ipv4Forwarding && NetworkMode !== "host" && NetworkMode !== "none") {
    warnings.push("IPv4 forwarding is disabled. Networking will not work.");
  }
  if (NetworkMode === "host" && Object.keys(PortBindings ?? {}).length > 0) {
    warnings.push("Published ports are discarded when using host network mode");
  }
  return warnings;
}

function validateCgroupParent(parent: string, driver: CgroupDriver | undefined): void {
  if (parent !== "" && driver === "systemd" && (parent.length <= 6 || !parent.endsWith(".slice"))) {
    throw invalid('cgroup-parent for systemd cgroup should be a valid slice named as "xxx.slice"');
  }
}

/** Words of mount(8), and the settings that tmpfs(5) takes with a value. */
const tmpfsFlags = new Set([
  "defaults",
  "ro",
  "rw",
  "suid",
  "nosuid",
  "dev",
  "nodev",
  "exec",
  "noexec",
  "sync",
  "async",
  "dirsync",
  "remount",
  "mand",
  "nomand",
  "atime",
  "noatime",
  "diratime",
  "nodiratime",
  "bind",
  "rbind",
  "unbindable",
  "runbindable",
  "private",
  "rprivate",
  "shared",
  "rshared",
  "slave",
  "rslave",
  "relatime",
  "norelatime",
  "strictatime",
  "nostrictatime",
]);
const tmpfsSettings = new Set(["size", "mode", "uid", "gid", "nr_inodes", "nr_blocks", "mpol"]);

function validateTmpfs(destination: string, options: string): void {
  const path = normalize(destination).replace(/(.)\/$/, "$1");
  if (path === "/") throw invalid("invalid specification: destination can't be '/'");
  if (!isAbsolute(path)) throw invalid(`invalid mount path: '${destination}' mount path must be absolute`);
  for (const option of options.split(",").filter(Boolean)) {
    const [name = "", ...value] = option.split("=");
    if (value.length === 0 ? !tmpfsFlags.has(name) : !tmpfsSettings.has(name))
      throw invalid(`invalid tmpfs option ${JSON.stringify(name)}`);
  }
}

/** It is one of a single network interface, `net.X.Y.ethN.Z`. */
export function isInterfaceSysctl(name: string): boolean {
  return /^net\.[^.]+\.[^.]+\.eth[^.]*\../.test(name);
}

/** Settings that exist once for the whole machine are none of a container's. */
function validateSysctl(name: string, { IpcMode, NetworkMode, UTSMode }: HostConfig): void {
  const key = name.replaceAll("/", ".");
  const refuse = (why: string) => {
    throw invalid(`sysctl ${JSON.stringify(key)} ${why}`);
  };
  if (isInterfaceSysctl(key)) {
    const option = "com.docker.network.endpoint.sysctls";
    throw invalid(
      `interface specific sysctl setting ${JSON.stringify(key)} must be supplied using driver option '${option}'`,
    );
  }
  if (key.startsWith("net.")) {
    if (NetworkMode === "host") refuse("not allowed in host network namespace");
  } else if (
    /^kernel\.(msgmax|msgmnb|msgmni|sem|shmall|shmmax|shmmni|shm_rmid_forced)$/.test(key) ||
    key.startsWith("fs.mqueue.")
  ) {
    if (IpcMode === "host") refuse("is not allowed in the hosts ipc namespace");
  } else if (key === "kernel.domainname") {
    if (UTSMode === "host") refuse("is not allowed in the hosts UTS namespace");
  } else {
    refuse("is not in a separate kernel namespace");
  }
}
