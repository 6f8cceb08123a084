/** A container's place on a network, as clients ask for it; answers have the same form. */
import { type Infer, integer, map, type Schema, string, stringMap, strings, struct } from "./schema.ts";

/** The addresses that a user wants for a container in a network. */
export type EndpointIPAMConfig = Infer<typeof ipam>;
const ipam = struct({
  IPv4Address: string,
  IPv6Address: string,
  LinkLocalIPs: strings,
});

/** A container's connection to a network. In requests only the wishes count; addresses and ids are for answers. */
export type EndpointSettings = Infer<typeof endpointSettings>;
/** Reads {@link EndpointSettings}. Throws `invalid`, with the field's name. */
export const endpointSettings = struct({
  IPAMConfig: ipam,
  Links: strings,
  MacAddress: string,
  Aliases: strings,
  DriverOpts: stringMap,
  GwPriority: integer,
  NetworkID: string,
  EndpointID: string,
  Gateway: string,
  IPAddress: string,
  IPPrefixLen: integer,
  IPv6Gateway: string,
  GlobalIPv6Address: string,
  GlobalIPv6PrefixLen: integer,
  DNSNames: strings,
});

/** A network without settings (null) is joined all the same. */
const endpoints: Schema<Record<string, EndpointSettings>> = (value, path) => {
  const present =
    typeof value === "object" && value !== null && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).map(([name, settings]) => [name, settings ?? {}]))
      : value;
  return map(endpointSettings)(present, path);
};

/** The networks that a new container is connected to, by name or id. */
export type NetworkingConfig = Infer<typeof networkingConfig>;
/** Reads a {@link NetworkingConfig}. Throws `invalid`, with the field's name. */
export const networkingConfig = struct({ EndpointsConfig: endpoints });
