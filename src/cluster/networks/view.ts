import type { Network } from "../../api/types/network.ts";
import type { AttachedNetwork } from "../../api/types/swarm.ts";
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

/** `GET /networks/{id}` for one of the cluster, on a node that has no task on it. */
export function viewAsNetwork(network: NetworkObject): Required<Omit<Network, "Peers">> {
  return {
    Name: network.Name,
    Id: network.ID,
    Created: network.CreatedAt,
    Scope: "swarm",
    Driver: network.Driver,
    EnableIPv4: network.EnableIPv4,
    EnableIPv6: network.EnableIPv6,
    IPAM: network.IPAM,
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
