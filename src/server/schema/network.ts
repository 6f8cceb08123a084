import type { IPAM, IPAMConfig, NetworkConnectRequest, NetworkCreateRequest, NetworkDisconnectRequest } from "../../api/types/network.ts";
import { endpointSettings } from "./container.ts";
import { boolean, list, object, string, stringMap } from "./schema.ts";

const ipam = object<IPAM>({
  Driver: string, Options: stringMap,
  Config: list(object<IPAMConfig>({ Subnet: string, IPRange: string, Gateway: string, AuxiliaryAddresses: stringMap })),
});

export const networkCreateRequest = object<NetworkCreateRequest>({
  Name: string, Driver: string, Scope: string, Internal: boolean, Attachable: boolean, Ingress: boolean, ConfigOnly: boolean,
  ConfigFrom: object({ Network: string }), IPAM: ipam, EnableIPv4: boolean, EnableIPv6: boolean, Options: stringMap, Labels: stringMap,
});

export const connectRequest = object<NetworkConnectRequest>({ Container: string, EndpointConfig: endpointSettings });

export const disconnectRequest = object<NetworkDisconnectRequest>({ Container: string, Force: boolean });
