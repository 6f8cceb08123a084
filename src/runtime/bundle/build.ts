import type { HostConfig } from "../../api/types/container.ts";
import type { IdRange } from "../../linux/id-maps.ts";
import type { OciIdMapping, OciNamespaceType, OciProcess, OciSpec } from "../../oci/runtime.ts";
import { containerCapabilities, processCapabilities } from "./capabilities.ts";
import { cgroupsPath } from "./cgroup-path.ts";
import { commandOf } from "./command.ts";
import { buildEnvironment } from "./environment.ts";
import { buildMounts, INIT_IN_CONTAINER, rootfsPropagation } from "./mounts.ts";
import { buildResources } from "./resources.ts";
import { buildRlimits } from "./rlimits.ts";
import { resolveSeccomp } from "./seccomp/profile.ts";
import { parseSecurityOptions, type SecurityOptions } from "./security-options.ts";
import { buildSysctls } from "./sysctls.ts";
import { systemPaths } from "./system-paths.ts";
import type { NamespaceChoices, SpecInput } from "./types.ts";

/**
 * The OCI runtime specification of a container: pure, everything it depends on is in the input. Throws `invalid`
 * with Docker's text for what cannot be had (an unknown capability, a limit above the daemon's, a bad profile).
 */
export function buildSpec(input: SpecInput): OciSpec {
  const { hostConfig, facts, defaults, namespaces } = input;
  const security = parseSecurityOptions(hostConfig.SecurityOpt ?? [], defaults);
  const capabilities = containerCapabilities({
    add: hostConfig.CapAdd ?? [],
    drop: hostConfig.CapDrop ?? [],
    privileged: hostConfig.Privileged ?? false,
    available: facts.capabilities,
  });
  const initPath = usesInit(input) ? defaults.initPath : null;
  const seccomp =
    input.seccomp && resolveSeccomp(input.seccomp, { capabilities, arch: facts.arch, kernel: facts.kernel });
  const propagation = rootfsPropagation(input.mounts);
  const { maskedPaths, readonlyPaths } = systemPaths(hostConfig, facts, security.unmaskedSystemPaths);
  return {
    ociVersion: "1.0.2",
    process: buildProcess(input, security, capabilities, initPath),
    root: { path: input.rootfs, readonly: hostConfig.ReadonlyRootfs ?? false },
    ...(input.hostname !== "" && namespaces.uts !== "host" && { hostname: input.hostname }),
    mounts: buildMounts({
      mounts: input.mounts,
      shmSize: hostConfig.ShmSize || defaults.shmSize,
      ...(input.shmPath !== undefined && { shmPath: input.shmPath }),
      withoutShm: hostConfig.IpcMode === "none",
      initPath,
      readonlyRootfs: hostConfig.ReadonlyRootfs ?? false,
      privileged: hostConfig.Privileged ?? false,
      writableCgroups: security.writableCgroups ?? hostConfig.Privileged ?? false,
    }),
    ...(hostConfig.Annotations && { annotations: hostConfig.Annotations }),
    linux: {
      namespaces: buildNamespaces(namespaces),
      // The namespace has them already; runc wants to be told.
      ...(input.ids && { uidMappings: mappings(input.ids.uids), gidMappings: mappings(input.ids.gids) }),
      devices: input.devices.nodes,
      cgroupsPath: cgroupsPath({
        id: input.id,
        driver: input.cgroupDriver,
        parent: hostConfig.CgroupParent || defaults.cgroupParent,
        instance: input.instance,
      }),
      resources: { devices: input.devices.rules, ...buildResources(atCreation(hostConfig), input.throttles) },
      ...(propagation && { rootfsPropagation: propagation }),
      ...(seccomp && { seccomp }),
      sysctl: buildSysctls({
        requested: hostConfig.Sysctls ?? {},
        domainname: input.domainname,
        namespaces,
        ownNetwork: !/^(host$|container:)/.test(hostConfig.NetworkMode ?? ""),
        // Not all of its groups are in a user namespace.
        pingGroupRange: facts.pingGroupRange && input.ids === null,
        unprivilegedPorts: facts.unprivilegedPorts,
      }),
      maskedPaths,
      readonlyPaths,
    },
  };
}

/**
 * A new cgroup has no limits yet, so "no limit" need not be written. Writing it would even fail: for swap, where the
 * kernel does not count swap; for processor time, with crun on cgroup version 1.
 */
function atCreation(hostConfig: HostConfig): HostConfig {
  const { MemorySwap, CpuQuota } = hostConfig;
  return { ...hostConfig, ...(MemorySwap === -1 && { MemorySwap: 0 }), ...((CpuQuota ?? 0) < 0 && { CpuQuota: 0 }) };
}

function buildProcess(
  input: SpecInput,
  security: SecurityOptions,
  capabilities: string[],
  initPath: string | null,
): OciProcess {
  const { config, hostConfig, user } = input;
  const command = commandOf(config);
  const [height = 0, width = 0] = hostConfig.ConsoleSize ?? [];
  return {
    terminal: config.Tty ?? false,
    ...(config.Tty && height > 0 && width > 0 && { consoleSize: { height, width } }),
    user: { uid: user.uid, gid: user.gid, additionalGids: user.groups },
    args: initPath === null ? command : [INIT_IN_CONTAINER, "--", ...command],
    env: buildEnvironment({
      env: config.Env ?? [],
      hostname: input.hostname,
      tty: config.Tty ?? false,
      linkEnv: input.linkEnv ?? [],
      home: user.home,
    }),
    cwd: config.WorkingDir || "/",
    capabilities: processCapabilities(capabilities, user.uid),
    rlimits: buildRlimits(hostConfig.Ulimits ?? [], input.defaults.ulimits, input.facts.rlimits),
    noNewPrivileges: security.noNewPrivileges,
    ...(input.apparmorProfile !== "" && { apparmorProfile: input.apparmorProfile }),
    oomScoreAdj: hostConfig.OomScoreAdj ?? 0,
  };
}

/** An init of our own makes sense only where the container has its own process tree. */
export function usesInit({
  hostConfig,
  defaults,
  namespaces,
}: Pick<SpecInput, "hostConfig" | "defaults" | "namespaces">): boolean {
  return namespaces.pid === "private" && (hostConfig.Init ?? defaults.init);
}

const mappings = (ranges: readonly IdRange[]): OciIdMapping[] =>
  ranges.map(({ inside, outside, count }) => ({ containerID: inside, hostID: outside, size: count }));

function buildNamespaces(choices: NamespaceChoices): OciSpec["linux"]["namespaces"] {
  const namespaces: OciSpec["linux"]["namespaces"] = [{ type: "mount" }];
  const types: OciNamespaceType[] = ["user", "network", "uts", "pid", "ipc", "cgroup"];
  const chosen: Partial<Record<OciNamespaceType, (typeof choices)[keyof NamespaceChoices]>> = choices;
  for (const type of types) {
    const choice = chosen[type];
    if (choice === "private") namespaces.push({ type });
    else if (choice !== undefined && choice !== "host") namespaces.push({ type, path: choice.path });
  }
  return namespaces;
}
