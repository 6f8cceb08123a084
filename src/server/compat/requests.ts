import type { CreateBody, Mount, Resources } from "../../api/types/container.ts";
import type { EndpointSettings } from "../../api/types/network.ts";
import { invalid } from "../../lib/errors.ts";
import { own, setOwn } from "../../lib/own.ts";
import { isInterfaceSysctl } from "../../runtime/bundle/validate.ts";
import type { LegacyCreate } from "../schema/container.ts";
import { type ApiVersion, api } from "./version.ts";

interface Request {
  body: LegacyCreate;
  host: NonNullable<LegacyCreate["HostConfig"]>;
  mounts: Mount[];
  endpoints: Record<string, EndpointSettings>;
  version: ApiVersion;
  warnings: string[];
}

/** What a create of an older client means today, oldest first; those from `before` down apply. */
const changes: readonly { before: string; apply(request: Request, host: { cgroupV2: boolean }): void }[] = [
  {
    before: "1.40",
    apply({ host, mounts }) {
      for (const mount of mounts) delete mount.BindOptions?.NonRecursive;
      host.IpcMode ||= "shareable";
    },
  },
  {
    before: "1.41",
    apply({ host, version }, { cgroupV2 }) {
      if (!cgroupV2) host.CgroupnsMode ||= "host";
      if (host.Capabilities?.length && version === api("1.40")) {
        throw invalid(
          "the HostConfig.Capabilities field is not supported by this daemon; use CapAdd and CapDrop to set " +
            "capabilities",
        );
      }
    },
  },
  {
    before: "1.42",
    apply({ host, mounts }) {
      for (const mount of mounts) {
        delete mount.BindOptions?.CreateMountpoint;
        // These were not looked at.
        if (mount.Type !== "volume") delete mount.VolumeOptions;
        if (mount.Type !== "tmpfs") delete mount.TmpfsOptions;
      }
      delete host.ConsoleSize;
    },
  },
  {
    before: "1.43",
    apply({ host }) {
      delete host.Annotations;
    },
  },
  {
    before: "1.44",
    apply({ body, mounts, endpoints }) {
      delete body.Healthcheck?.StartInterval;
      for (const mount of mounts) {
        if (mount.Type !== "bind") continue;
        if (mount.BindOptions?.ReadOnlyForceRecursive)
          throw invalid("BindOptions.ReadOnlyForceRecursive needs API v1.44 or newer");
        // Read-only did not reach the mounts below.
        if (mount.ReadOnly) mount.BindOptions = { ...mount.BindOptions, ReadOnlyNonRecursive: true };
      }
      const names = Object.keys(endpoints);
      if (names.length > 1)
        throw invalid(`Container cannot be created with multiple network endpoints: ${names.join(", ")}`);
    },
  },
  {
    before: "1.45",
    apply({ mounts }) {
      if (mounts.some((mount) => mount.VolumeOptions?.Subpath))
        throw invalid("VolumeOptions.Subpath needs API v1.45 or newer");
    },
  },
  {
    before: "1.48",
    apply({ host, mounts, endpoints, warnings }) {
      for (const endpoint of Object.values(endpoints)) delete endpoint.GwPriority;
      if (mounts.some((mount) => mount.Type === "image")) throw invalid('Mount type "Image" needs API v1.48 or newer');
      moveInterfaceSysctls(host, endpoints, warnings);
    },
  },
  { before: "1.52", apply: moveMacAddress },
];

/** The request in today's shape, and what its sender is to be warned of. */
export function upgradeCreate(
  version: ApiVersion,
  legacy: LegacyCreate,
  host: { cgroupV2: boolean },
): { body: CreateBody; warnings: string[] } {
  const body = structuredClone(legacy);
  const hostConfig = (body.HostConfig ??= {});
  const endpoints = ((body.NetworkingConfig ??= {}).EndpointsConfig ??= {});
  const request: Request = {
    body,
    host: hostConfig,
    mounts: hostConfig.Mounts ?? [],
    endpoints,
    version,
    warnings: [],
  };
  for (const { before, apply } of changes) if (version < api(before)) apply(request, host);
  if (version >= api("1.52") && body.MacAddress)
    throw invalid("container-wide MAC address no longer supported; use endpoint-specific MAC address instead");
  fillPortBindings(request);
  // None and "as many as you like" are one and the same.
  if (hostConfig.PidsLimit != null && hostConfig.PidsLimit <= 0) delete hostConfig.PidsLimit;
  const { MacAddress: _mac, HostConfig: _host, ...rest } = body;
  const { Capabilities: _capabilities, ...HostConfig } = hostConfig;
  return { body: { ...rest, HostConfig }, warnings: request.warnings };
}

/** The address stood beside the networks; it belongs to the endpoint on the network of `NetworkMode`. */
function moveMacAddress({ body, host, endpoints, version, warnings }: Request): void {
  const address = body.MacAddress;
  const old = version < api("1.44");
  if (old) for (const endpoint of Object.values(endpoints)) delete endpoint.MacAddress;
  if (!address) return;
  const mode = !host.NetworkMode || host.NetworkMode === "default" ? "bridge" : host.NetworkMode;
  const joins = mode !== "host" && mode !== "none" && !mode.startsWith("container:");
  if (old && !joins) throw invalid("conflicting options: mac-address and the network mode");
  if (joins) {
    const names = Object.keys(endpoints);
    const name = old ? (names[0] ?? mode) : names.length === 0 || Object.hasOwn(endpoints, mode) ? mode : undefined;
    if (name === undefined)
      throw invalid(
        "unable to migrate container-wide MAC address to a specific network: HostConfig.NetworkMode must match " +
          "the identity of a network in NetworkSettings.Networks",
      );
    const endpoint = own(endpoints, name) ?? setOwn(endpoints, name, {});
    if (endpoint.MacAddress && endpoint.MacAddress !== address) {
      throw invalid(
        "the container-wide MAC address must match the endpoint-specific MAC address for the main network, or " +
          "be left empty",
      );
    }
    endpoint.MacAddress = address;
  }
  if (!old)
    warnings.push(
      "The container-wide MacAddress field is now deprecated. It should be specified in EndpointsConfig instead.",
    );
}

/**
 * Settings of the first interface stood among the container's; they belong to the endpoint on the network of the mode.
 */
function moveInterfaceSysctls(host: Request["host"], endpoints: Request["endpoints"], warnings: string[]): void {
  const option = "com.docker.network.endpoint.sysctls";
  const sysctls = host.Sysctls ?? {};
  const mode = !host.NetworkMode || host.NetworkMode === "default" ? "bridge" : host.NetworkMode;
  const moved: string[] = [];
  for (const name of Object.keys(sysctls).filter(isInterfaceSysctl).sort()) {
    const [net, family, group, link, ...rest] = name.split(".");
    if (link !== "eth0" || mode === "host" || mode === "none" || mode.startsWith("container:")) {
      const way = `use driver option '${option}' to set per-interface sysctls`;
      throw invalid(`unable to determine network endpoint for sysctl ${name}, ${way}`);
    }
    const own = [net, family, group, "IFNAME", ...rest].join(".");
    warnings.push(`Migrated sysctl ${JSON.stringify(name)} to DriverOpts{"${option}":"${own}=${sysctls[name]}"}.`);
    moved.push(`${own}=${sysctls[name]}`);
    delete sysctls[name];
  }
  if (moved.length === 0) return;
  const endpoint = own(endpoints, mode) ?? setOwn(endpoints, mode, {});
  const before = endpoint.DriverOpts?.[option];
  endpoint.DriverOpts = { ...endpoint.DriverOpts, [option]: [...(before ? [before] : []), ...moved].join(",") };
}

/** A port without bindings is published on a port of the engine's choice. */
function fillPortBindings({ host, version, warnings }: Request): void {
  const ports = host.PortBindings ?? {};
  const unbound = Object.keys(ports).filter((port) => !ports[port]?.length);
  for (const port of unbound) ports[port] = [{}];
  if (unbound.length > 0 && version >= api("1.52")) {
    warnings.push(
      `Following container port(s) have an empty list of port-bindings: ${unbound.join(", ")}. Such bindings ` +
        "will be discarded in a future version.",
    );
  }
}

/** An update in today's shape. */
export function upgradeUpdate<T extends Resources>(version: ApiVersion, body: T): T {
  const out: T = { ...body };
  if (version < api("1.40")) delete out.PidsLimit;
  if (version < api("1.55")) {
    delete out.BlkioWeightDevice;
    delete out.BlkioDeviceReadBps;
    delete out.BlkioDeviceWriteBps;
    delete out.BlkioDeviceReadIOps;
    delete out.BlkioDeviceWriteIOps;
  }
  if (out.PidsLimit != null && out.PidsLimit <= 0) out.PidsLimit = 0;
  return out;
}
