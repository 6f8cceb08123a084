import type { Client } from "../../client/client.ts";
import { isNotFound } from "../../client/errors.ts";
import { createNetwork, inspectNetworkRaw, listNetworks } from "../../client/networks.ts";
import { decodeJson } from "../../lib/parse-json.ts";
import { mapping, mappings, string, stringMap } from "../compose/fields.ts";
import type { Project } from "../compose/project-type.ts";
import type { Mapping } from "../compose/readers.ts";
import type { CommandDeps } from "../deps.ts";
import { nameOf, ofStack, stackLabels } from "./names.ts";

/** Names of networks that are the engine's own on every node. */
const predefined = ["bridge", "host", "none", "default", "nat"];

/** Keys of the networks that services are on: of those that the file defines and nobody is on there are none. */
function usedNetworks({ services }: Project): Set<string> {
  const used = new Set<string>();
  for (const service of Object.values(services)) {
    const keys = Object.keys(mapping(service["networks"]));
    for (const key of keys.length > 0 ? keys : ["default"]) used.add(key);
  }
  return used;
}

/** Makes the networks that services are on and that are not there; those of others must be. */
export async function deployNetworks(
  deps: CommandDeps,
  client: Client,
  stack: string,
  project: Project,
): Promise<void> {
  const used = [...usedNetworks(project)].sort().map((key) => [key, project.networks[key] ?? {}] as const);
  for (const [key, network] of used)
    if (network["external"] === true) await checkExternal(client, nameOf(stack, key, network));
  const own = used.filter(([, network]) => network["external"] !== true);
  const there = new Set((await listNetworks(client, ofStack(stack))).map(({ Name }) => Name));
  for (const [key, network] of own) {
    const Name = nameOf(stack, key, network);
    if (there.has(Name)) continue;
    deps.out.write(`Creating network ${Name}\n`);
    await createNetwork(client, networkBody(stack, Name, network)).catch((error: unknown) => {
      throw new Error(`failed to create network ${Name}: ${error instanceof Error ? error.message : error}`);
    });
  }
}

function networkBody(stack: string, Name: string, network: Mapping) {
  const options = stringMap(network["driver_opts"]);
  const { driver, config } = mapping(network["ipam"]);
  const hasIpam = driver !== undefined || config !== undefined;
  return {
    Name,
    Driver: string(network["driver"]) || "overlay",
    Scope: "",
    IPAM: hasIpam
      ? {
          Driver: string(driver) ?? "",
          Options: null,
          Config: mappings(config).map(({ subnet }) => ({ Subnet: string(subnet) ?? "" })),
        }
      : null,
    Internal: network["internal"] === true,
    Attachable: network["attachable"] === true,
    Ingress: false,
    ConfigOnly: false,
    ConfigFrom: null,
    Options: Object.keys(options).length > 0 ? options : null,
    Labels: stackLabels(stack, stringMap(network["labels"])),
  };
}

async function checkExternal(client: Client, name: string): Promise<void> {
  if (predefined.includes(name)) return;
  try {
    const { Scope }: { Scope?: string } = decodeJson(await inspectNetworkRaw(client, name));
    if (Scope !== "swarm")
      throw new Error(
        `network ${JSON.stringify(name)} is declared as external, but it is not in the right scope: ` +
          `${JSON.stringify(Scope)} instead of "swarm"`,
      );
  } catch (error) {
    if (!isNotFound(error)) throw error;
    throw new Error(
      `network ${JSON.stringify(name)} is declared as external, but could not be found. You need to create a ` +
        "swarm-scoped network before the stack is deployed",
      { cause: error },
    );
  }
}
