import type { HostConfig } from "../../api/types/container.ts";
import type { EndpointSettings } from "../../api/types/network.ts";
import type { TaskSpec } from "../../api/types/swarm.ts";
import type { CreateRequest } from "../../container/create/create.ts";
import type { LaidFile } from "../../container/record.ts";
import { present } from "../../lib/present.ts";
import { formatMac } from "../../linux/netlink/link.ts";
import { overlayMac } from "../../network/overlay/tunnel.ts";
import type { NetworkObject, TaskObject } from "../model/objects.ts";
import { expandSpec } from "../templates.ts";
import type { AgentDeps } from "./deps.ts";
import { securityOptions } from "./security-options.ts";
import { taskLabels, taskName } from "./task-name.ts";

type ContainerSpec = NonNullable<TaskSpec["ContainerSpec"]>;

/**
 * The container of a task as `POST /containers/create` has it. `networks`: those of the task. Throws `invalid` where a
 * template cannot be filled in.
 */
export function containerRequest(
  { node, defaultLogDriver }: Pick<AgentDeps, "node" | "defaultLogDriver">,
  task: TaskObject,
  networks: readonly NetworkObject[],
  files: readonly LaidFile[],
): CreateRequest {
  const spec = expandSpec(task.Spec.ContainerSpec ?? {}, {
    Service: { ID: task.ServiceID, Name: task.ServiceName, Labels: task.ServiceLabels },
    Node: node,
    Task: { ID: task.ID, Name: taskName(task), Slot: task.Slot === -1 ? node.ID : String(task.Slot) },
  });
  const ports = task.Ports.filter(({ PublishMode }) => PublishMode === "host");
  const portKey = ({ TargetPort = 0, Protocol = "tcp" }) => `${TargetPort}/${Protocol}`;
  const { Command, Args } = spec;
  return {
    name: taskName(task),
    files,
    body: {
      ...present({
        Image: spec.Image,
        Hostname: spec.Hostname,
        User: spec.User,
        WorkingDir: spec.Dir,
        Tty: spec.TTY,
        OpenStdin: spec.OpenStdin,
        StopSignal: spec.StopSignal,
        Healthcheck: spec.Healthcheck,
        Entrypoint: Command?.length ? Command : undefined,
        Cmd: Args?.length ? Args : undefined,
      }),
      Env: [...(spec.Env ?? []), ...genericResourceVariables(task)],
      Labels: { ...spec.Labels, ...taskLabels(task, node.ID) },
      ...(ports.length > 0 && { ExposedPorts: Object.fromEntries(ports.map((port) => [portKey(port), {}])) }),
      HostConfig: {
        ...hostConfig(spec),
        ...limits(task.Spec),
        ...logConfig(task.Spec.LogDriver ?? defaultLogDriver()),
        NetworkMode: networks[0]?.Name ?? "bridge",
        RestartPolicy: { Name: "no" },
        PortBindings: Object.fromEntries(
          ports.map((port) => [
            portKey(port),
            [{ HostIp: "", HostPort: port.PublishedPort ? String(port.PublishedPort) : "" }],
          ]),
        ),
      },
      ...(networks.length > 0 && { NetworkingConfig: { EndpointsConfig: endpoints(task, networks) } }),
    },
  };
}

function hostConfig(spec: ContainerSpec): Partial<HostConfig> {
  const { DNSConfig } = spec;
  return present<Partial<HostConfig>>({
    Mounts: spec.Mounts,
    ReadonlyRootfs: spec.ReadOnly,
    Init: spec.Init ?? undefined,
    Dns: DNSConfig?.Nameservers,
    DnsSearch: DNSConfig?.Search,
    DnsOptions: DNSConfig?.Options,
    ExtraHosts: spec.Hosts?.map(extraHost),
    CapAdd: spec.CapabilityAdd,
    CapDrop: spec.CapabilityDrop,
    GroupAdd: spec.Groups,
    Sysctls: spec.Sysctls,
    Ulimits: spec.Ulimits,
    OomScoreAdj: spec.OomScoreAdj,
    Isolation: spec.Isolation,
    SecurityOpt: securityOptions(spec.Privileges ?? {}),
    Privileged: spec.Privileged,
    Devices: spec.Devices,
    DeviceRequests: spec.DeviceRequests,
  });
}

/** `1.2.3.4 name other`, as in /etc/hosts, becomes `name:1.2.3.4`, as clients of containers write it. */
function extraHost(line: string): string {
  const [address = "", name = ""] = line.trim().split(/\s+/);
  return name ? `${name}:${address}` : address;
}

function limits({ Resources }: TaskSpec): Partial<HostConfig> {
  const { Limits, Reservations, SwapBytes, MemorySwappiness } = Resources ?? {};
  const memory = Limits?.MemoryBytes ?? 0;
  return present<Partial<HostConfig>>({
    Memory: memory || undefined,
    NanoCpus: Limits?.NanoCPUs || undefined,
    PidsLimit: Limits?.Pids || undefined,
    MemoryReservation: Reservations?.MemoryBytes || undefined,
    // Of containers it is the sum of both; -1: as much as there is.
    MemorySwap: SwapBytes == null ? undefined : SwapBytes < 0 ? -1 : memory + SwapBytes,
    MemorySwappiness: MemorySwappiness ?? undefined,
  });
}

function logConfig(driver: TaskSpec["LogDriver"]): Partial<HostConfig> {
  if (!driver?.Name) return {};
  return { LogConfig: { Type: driver.Name, Config: driver.Options ?? {} } };
}

/** What was given to the task of things that only have names: `DOCKER_RESOURCE_GPU=one,two`. */
function genericResourceVariables({ AssignedGenericResources }: TaskObject): string[] {
  const byKind = new Map<string, string[]>();
  for (const { NamedResourceSpec, DiscreteResourceSpec } of AssignedGenericResources ?? []) {
    const kind = NamedResourceSpec?.Kind ?? DiscreteResourceSpec?.Kind ?? "";
    const value = NamedResourceSpec?.Value ?? String(DiscreteResourceSpec?.Value ?? 0);
    byKind.set(kind, [...(byKind.get(kind) ?? []), value]);
  }
  return [...byKind].map(([kind, values]) => `DOCKER_RESOURCE_${kind.toUpperCase()}=${values.join(",")}`);
}

function endpoints(task: TaskObject, networks: readonly NetworkObject[]): Record<string, EndpointSettings> {
  return Object.fromEntries(
    networks.map((network) => {
      const given = task.Networks.find(({ NetworkID }) => NetworkID === network.ID);
      const addresses = (given?.Addresses ?? []).map((cidr) => cidr.split("/")[0] ?? "");
      const mac = overlayMac(addresses);
      const v4 = addresses.find((address) => !address.includes(":"));
      const v6 = addresses.find((address) => address.includes(":"));
      return [
        network.Name,
        {
          Aliases: given?.Aliases ?? [],
          IPAMConfig: { ...(v4 && { IPv4Address: v4 }), ...(v6 && { IPv6Address: v6 }) },
          // Other machines reach it by an address that follows from these.
          // Answers to clients leave where their questions come in.
          ...(network.Ingress && { GwPriority: 1 }),
          ...(mac && network.VNIs.length > 0 && { MacAddress: formatMac(mac) }),
        },
      ];
    }),
  );
}
