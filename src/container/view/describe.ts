import type { ContainerSummary, MountPoint, NetworkSettings, PortMap, PortSummary } from "../../api/types/container.ts";
import type { EndpointSettings } from "../../api/types/network.ts";
import { commandOf } from "../../runtime/bundle/command.ts";
import type { ContainerRecord, MountPointRecord } from "../record.ts";
import { stateName, statusText } from "./status.ts";

/** Wire shapes of a container's parts, shared by inspect and list. */

/** A mount as `Mounts` of inspect and list shows it. */
export function describeMount(point: MountPointRecord): MountPoint {
  return {
    Type: point.type,
    ...(point.name && { Name: point.name }),
    Source: point.source,
    Destination: point.destination,
    ...(point.type === "volume" && point.driver && { Driver: point.driver }),
    Mode: point.mode,
    RW: !point.readOnly,
    Propagation: point.propagation,
  };
}

/** What the last set-up reported; before the first start, the networks as requested. */
export function describeNetworks(c: ContainerRecord): Required<NetworkSettings> {
  const { SandboxID = "", SandboxKey = "", Ports = {}, Networks } = c.state.network;
  return { SandboxID, SandboxKey, Ports: Ports ?? {}, Networks: Networks ?? requestedNetworks(c) };
}

function requestedNetworks(c: ContainerRecord): Record<string, EndpointSettings> {
  return Object.fromEntries(
    Object.entries(c.spec.endpoints).map(([name, endpoint]) => [
      name,
      {
        IPAMConfig: null,
        Links: null,
        Aliases: null,
        MacAddress: "",
        DriverOpts: null,
        GwPriority: 0,
        NetworkID: "",
        EndpointID: "",
        Gateway: "",
        IPAddress: "",
        IPPrefixLen: 0,
        IPv6Gateway: "",
        GlobalIPv6Address: "",
        GlobalIPv6PrefixLen: 0,
        DNSNames: null,
        ...endpoint,
      },
    ]),
  );
}

/** The COMMAND column: arguments with blanks are quoted. */
function describeCommand(c: ContainerRecord): string {
  const [path = "", ...args] = commandOf(c.spec.config);
  return [path, ...args.map((arg) => (arg.includes(" ") ? `'${arg}'` : arg))].join(" ");
}

/**
 * The ports as `GET /containers/json` lists them: one entry for each binding; a port that is only exposed has one
 * without `PublicPort`.
 */
export function describePorts(ports: PortMap | undefined): PortSummary[] {
  const summary: PortSummary[] = [];
  for (const [port, bindings] of Object.entries(ports ?? {})) {
    const [number, protocol] = port.split("/");
    const base = {
      PrivatePort: Number(number),
      Type: protocol === "udp" || protocol === "sctp" ? protocol : "tcp",
    } as const;
    if (!bindings?.length) summary.push(base);
    for (const { HostIp, HostPort } of bindings ?? [])
      summary.push({ ...(HostIp && { IP: HostIp }), PublicPort: Number(HostPort), ...base });
  }
  return summary;
}

/** A row of the list; `image` as it is to be shown, `linkNames` those that links give it (`parent/alias`). */
export function describeSummary(c: ContainerRecord, image: string, linkNames: readonly string[]): ContainerSummary {
  const { config, hostConfig } = c.spec;
  return {
    Id: c.id,
    Names: [c.name, ...linkNames].map((name) => `/${name}`).sort(),
    Image: image,
    ImageID: c.imageId ?? "",
    Command: describeCommand(c),
    Created: Math.floor(Date.parse(c.created) / 1000),
    Ports: describePorts(c.state.network.Ports),
    Labels: config.Labels ?? {},
    State: stateName(c.state),
    Status: statusText(c.state),
    HostConfig: {
      NetworkMode: hostConfig.NetworkMode ?? "",
      ...(hostConfig.Annotations && { Annotations: hostConfig.Annotations }),
    },
    // A list shows fewer fields of an endpoint than inspect does.
    NetworkSettings: {
      Networks: Object.fromEntries(
        Object.entries(describeNetworks(c).Networks).map(([name, endpoint]) => [name, { ...endpoint, DNSNames: null }]),
      ),
    },
    Mounts: c.spec.mounts.map(describeMount),
    Health: { Status: c.state.health?.Status ?? "none", FailingStreak: c.state.health?.FailingStreak ?? 0 },
  };
}
