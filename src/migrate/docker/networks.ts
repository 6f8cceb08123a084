import { existsSync } from "node:fs";
import { join } from "node:path";
import { anything, boolean, list, map, string, stringMap, struct } from "../../api/schema/schema.ts";
import type { IPAMConfig, NetworkCreateRequest } from "../../api/types/network.ts";
import { BoltFile } from "../../lib/bbolt.ts";
import { decodeJson } from "../../lib/parse-json.ts";
import type { DockerRoot } from "./root.ts";

/** A network of Docker's that a user has made. */
export interface DockerNetwork {
  id: string;
  name: string;
  driver: string;
  scope: string;
  /** RFC 3339. */
  created: string;
  /** How it would be asked for. */
  request: NetworkCreateRequest;
  /** The subnets that Docker chose or was given, with their gateways. */
  subnets: IPAMConfig[];
}

const record = struct({
  id: string,
  name: string,
  networkType: string,
  scope: string,
  created: string,
  enableIPv4: boolean,
  enableIPv6: boolean,
  internal: boolean,
  attachable: boolean,
  ingress: boolean,
  inDelete: boolean,
  configOnly: boolean,
  configFrom: string,
  labels: stringMap,
  ipamType: string,
  ipamOptions: stringMap,
  ipamV4Config: string,
  ipamV6Config: string,
  ipamV4Info: string,
  ipamV6Info: string,
  generic: map(anything),
});
const asked = list(struct({ PreferredPool: string, SubPool: string, Gateway: string, AuxAddresses: stringMap }));
const chosen = list(struct({ IPAMData: string }));
const pool = struct({ Pool: string, Gateway: string });

/** The networks that every Docker has. */
const predefined: ReadonlySet<string> = new Set(["bridge", "host", "none"]);
const prefix = "docker/network/v1.0/network/";
/** Before each value stands its number in the database. */
const NUMBER = 8;

/** Networks that users have made, those that others have their settings from first. */
export function readNetworks({ path }: DockerRoot): DockerNetwork[] {
  const database = join(path, "network/files/local-kv.db");
  if (!existsSync(database)) return [];
  using file = new BoltFile(database);
  const networks: DockerNetwork[] = [];
  for (const [key, value] of file.root.bucket("libnetwork")?.entries() ?? []) {
    if (!key.startsWith(prefix) || !(value instanceof Uint8Array)) continue;
    const network = record(decodeJson(Buffer.from(value.subarray(NUMBER)).toString()), key);
    if (!predefined.has(network.name ?? "") && !network.inDelete) networks.push(networkOf(network));
  }
  const order = ({ created, request }: DockerNetwork) => `${request.ConfigOnly ? 0 : 1} ${created}`;
  return networks.sort((a, b) => (order(a) < order(b) ? -1 : 1));
}

function networkOf(network: ReturnType<typeof record>): DockerNetwork {
  const { generic, configFrom } = network;
  // A network that depends on another has that one's settings.
  const own = !configFrom;
  const options = Object.entries(Object(generic?.["com.docker.network.generic"])).filter(
    (option): option is [string, string] => typeof option[1] === "string",
  );
  return {
    id: network.id ?? "",
    name: network.name ?? "",
    driver: network.networkType ?? "",
    scope: network.scope ?? "",
    created: network.created ?? "",
    subnets: [...chosenSubnets(network.ipamV4Info), ...chosenSubnets(network.ipamV6Info)],
    request: {
      Name: network.name ?? "",
      ...(!network.configOnly && { Driver: network.networkType ?? "" }),
      Internal: network.internal ?? false,
      Attachable: network.attachable ?? false,
      Ingress: network.ingress ?? false,
      ConfigOnly: network.configOnly ?? false,
      ...(configFrom && { ConfigFrom: { Network: configFrom } }),
      ...(own && {
        EnableIPv4: network.enableIPv4 ?? true,
        EnableIPv6: network.enableIPv6 ?? false,
        Options: Object.fromEntries(options),
        Labels: network.labels ?? {},
        IPAM: {
          Driver: network.ipamType ?? "default",
          Options: network.ipamOptions ?? {},
          Config: [...askedSubnets(network.ipamV4Config), ...askedSubnets(network.ipamV6Config)],
        },
      }),
    },
  };
}

/** JSON within JSON. */
function askedSubnets(text: string | null | undefined): IPAMConfig[] {
  if (!text) return [];
  return asked(decodeJson(text) ?? [], "ipamConfig").flatMap(({ PreferredPool, SubPool, Gateway, AuxAddresses }) =>
    PreferredPool
      ? [
          {
            Subnet: PreferredPool,
            ...(SubPool && { IPRange: SubPool }),
            ...(Gateway && { Gateway }),
            ...(Object.keys(AuxAddresses ?? {}).length > 0 && { AuxiliaryAddresses: AuxAddresses ?? {} }),
          },
        ]
      : [],
  );
}

function chosenSubnets(text: string | null | undefined): IPAMConfig[] {
  if (!text) return [];
  return chosen(decodeJson(text) ?? [], "ipamInfo").flatMap(({ IPAMData }) => {
    const { Pool, Gateway } = pool(decodeJson(IPAMData ?? "{}"), "IPAMData");
    const gateway = Gateway?.replace(/\/\d+$/, "");
    return Pool ? [{ Subnet: Pool, ...(gateway && { Gateway: gateway }) }] : [];
  });
}
