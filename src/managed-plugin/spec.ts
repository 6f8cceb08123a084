import type { PluginSettings } from "../api/types/plugin.ts";
import { internal } from "../lib/errors.ts";
import type { Mount } from "../linux/mount.ts";
import type { OciSpec } from "../oci/runtime.ts";
import { prepareSpec } from "../runtime/bundle/prepare.ts";
import type { SpecDefaults } from "../runtime/bundle/types.ts";
import type { ManagedPluginDeps } from "./deps.ts";
import type { PluginRecord } from "./record.ts";

/** None of the daemon's defaults for containers holds for plugins. */
const defaults: SpecDefaults = {
  init: false,
  initPath: "",
  shmSize: 64 * 1024 * 1024,
  ulimits: [],
  seccompProfile: "unconfined",
  noNewPrivileges: false,
  cgroupParent: "",
};

/** What a runtime's refusal begins with. */
const refused = "failed to create task for container: failed to create shim task: OCI runtime create failed";

/** Where a plugin finds the folder in which it makes its socket. */
const socketsInside = "/run/docker/plugins";

/**
 * The OCI runtime specification of a plugin: as of a container with the default capabilities and those it was granted,
 * without filters of system calls, whose mounts in `PropagatedMount` the machine sees. Throws Docker's words for a
 * mount without a source and a device that is not there.
 */
export async function pluginSpec(deps: ManagedPluginDeps, plugin: PluginRecord): Promise<OciSpec> {
  const { id, config, settings } = plugin;
  const { Network, IpcHost, PidHost, Linux } = config;
  const args = [...(config.Entrypoint ?? []), ...settings.Args];
  if (args.length === 0) throw internal(`${refused}: args must not be empty`);
  return prepareSpec({
    id,
    config: {
      Entrypoint: args,
      Env: settings.Env,
      WorkingDir: config.WorkDir,
    },
    hostConfig: {
      ...(Network.Type === "host" && { NetworkMode: "host" }),
      CapAdd: Linux.Capabilities,
      Devices: settings.Devices.flatMap(({ Path }) =>
        Path === null ? [] : [{ PathOnHost: Path, PathInContainer: Path, CgroupPermissions: "rwm" }],
      ),
      ...(Linux.AllowAllDevices && { DeviceCgroupRules: ["a *:* rwm"] }),
      SecurityOpt: ["apparmor=unconfined"],
    },
    rootfs: deps.paths.rootfs(plugin),
    mounts: [
      ...propagated(deps, plugin),
      ...ownMounts(settings),
      ...socketFolder(deps, plugin),
      ...names(Network.Type),
    ],
    namespaces: {
      network: Network.Type === "host" ? "host" : "private",
      ipc: IpcHost ? "host" : "private",
      pid: PidHost ? "host" : "private",
      uts: "private",
      cgroup: "host",
    },
    hostname: "",
    domainname: "",
    defaults,
    cgroupDriver: deps.runtime.cgroupDriver,
    instance: deps.runtime.instance,
    facts: deps.facts,
    cdi: null,
    ids: null,
  });
}

function propagated({ paths }: ManagedPluginDeps, { id, config }: PluginRecord): Mount[] {
  if (config.PropagatedMount === "") return [];
  return [bind(paths.propagated(id), config.PropagatedMount, "rw", "rshared")];
}

function socketFolder({ paths }: ManagedPluginDeps, { id }: PluginRecord): Mount[] {
  return [bind(paths.sockets(id), socketsInside, "rshared")];
}

/** Those that have a network find names as the machine does. */
function names(network: string): Mount[] {
  return network === "" ? [] : ["/etc/hosts", "/etc/resolv.conf"].map((path) => bind(path, path, "ro"));
}

function ownMounts({ Mounts }: PluginSettings): Mount[] {
  return Mounts.map(({ Source, Destination, Type, Options }) => {
    if (Source === null) throw internal("mount source is not specified");
    return { source: Source, destination: Destination, type: Type, options: Options ?? [] };
  });
}

const bind = (source: string, destination: string, ...options: string[]): Mount => ({
  source,
  destination,
  type: "bind",
  options: ["rbind", ...options],
});
