import type { AttachedNetwork } from "../../api/types/swarm.ts";
import type { NetworkRecord } from "../../network/record.ts";
import type { NetworkObject } from "../model/objects.ts";

/** A network as it stands in `NetworksAttachments` of a task. */
export function viewNetwork(network: NetworkObject): AttachedNetwork {
  const { ID, Version, CreatedAt, UpdatedAt, Name, Labels, Internal, Attachable, Ingress } = network;
  return {
    ID,
    Version,
    CreatedAt,
    UpdatedAt,
    Spec: {
      Name,
      Labels,
      DriverConfiguration: { ...(network.Driver && { Name: network.Driver }), Options: network.Options },
      ...(Internal && { Internal }),
      ...(Attachable && { Attachable }),
      ...(Ingress && { Ingress }),
      ...(network.EnableIPv6 && { IPv6Enabled: true }),
      IPAMOptions: { Driver: { Name: network.IPAM.Driver ?? "default" }, Configs: network.IPAM.Config ?? [] },
      Scope: "swarm",
    },
    DriverState: { Name: network.Driver, Options: driverOptions(network) },
    IPAMOptions: { Driver: { Name: network.IPAM.Driver ?? "default" }, Configs: network.IPAM.Config ?? [] },
  };
}

/** As the engine keeps networks of its own, for lists, filters and inspect. */
export function asRecord(network: NetworkObject): NetworkRecord {
  return {
    Name: network.Name,
    Id: network.ID,
    Created: network.CreatedAt,
    Scope: "swarm",
    Driver: network.Driver,
    EnableIPv4: network.EnableIPv4,
    EnableIPv6: network.EnableIPv6,
    IPAM: {
      Driver: network.IPAM.Driver ?? "default",
      Options: network.IPAM.Options ?? null,
      Config: network.IPAM.Config ?? [],
    },
    Internal: network.Internal,
    Attachable: network.Attachable,
    Ingress: network.Ingress,
    ConfigFrom: { Network: network.ConfigFrom?.Network ?? "" },
    ConfigOnly: false,
    Options: driverOptions(network),
    Labels: network.Labels,
  };
}

const driverOptions = ({ Options, VNIs }: NetworkObject): Record<string, string> => ({
  ...Options,
  ...(VNIs.length > 0 && { "com.docker.network.driver.overlay.vxlanid_list": VNIs.join(",") }),
});
