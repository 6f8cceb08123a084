/** What clients send of networks: for each body the schema that reads it, and by inference the type of both sides. */
import { endpointSettings } from "./endpoint.ts";
import { boolean, type Infer, list, string, stringMap, struct } from "./schema.ts";

/** A subnet of a network, and the addresses in it that are spoken for. */
export type IPAMConfig = Infer<typeof ipamConfig>;
const ipamConfig = struct({ Subnet: string, IPRange: string, Gateway: string, AuxiliaryAddresses: stringMap });

/** How a network chooses addresses. Answers have the same form. */
export type IPAM = Infer<typeof ipam>;
const ipam = struct({ Driver: string, Config: list(ipamConfig), Options: stringMap });

/** The configuration-only network that another has its settings from, by name. Answers have the same form. */
export type ConfigReference = Infer<typeof configReference>;
const configReference = struct({ Network: string });

/** Body of `POST /networks/create`. Each field may be absent or null. */
export type NetworkCreateRequest = Infer<typeof networkCreateRequest>;
/** Reads a {@link NetworkCreateRequest}. Throws `invalid`, with the field's name. */
export const networkCreateRequest = struct({
  Name: string,
  Driver: string,
  Scope: string,
  Internal: boolean,
  Attachable: boolean,
  Ingress: boolean,
  ConfigOnly: boolean,
  ConfigFrom: configReference,
  IPAM: ipam,
  EnableIPv4: boolean,
  EnableIPv6: boolean,
  Options: stringMap,
  Labels: stringMap,
});

/** Body of `POST /networks/{id}/connect`. Each field may be absent or null. */
export type NetworkConnectRequest = Infer<typeof connectRequest>;
/** Reads a {@link NetworkConnectRequest}. Throws `invalid`, with the field's name. */
export const connectRequest = struct({ Container: string, EndpointConfig: endpointSettings });

/** Body of `POST /networks/{id}/disconnect`. Each field may be absent or null. */
export type NetworkDisconnectRequest = Infer<typeof disconnectRequest>;
/** Reads a {@link NetworkDisconnectRequest}. Throws `invalid`, with the field's name. */
export const disconnectRequest = struct({ Container: string, Force: boolean });
