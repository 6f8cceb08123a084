/** What a service's specification has by id or digest, and people by name. */
import type { NetworkAttachmentConfig, ServiceSpec } from "../../../../api/types/swarm.ts";
import type { Client } from "../../../../client/client.ts";
import { listConfigs } from "../../../../client/configs.ts";
import { inspectDistribution } from "../../../../client/images.ts";
import { inspectNetworkRaw } from "../../../../client/networks.ts";
import { listSecrets } from "../../../../client/secrets.ts";
import { decodeJson } from "../../../../lib/parse-json.ts";
import { CliError } from "../../../errors.ts";
import { taggedImage } from "../../../format/image-name.ts";
import type { NetworkAttachment } from "../../container/options/network.ts";
import type { FileReference } from "./files.ts";
import type { ContainerSpec } from "./parse.ts";

type Secrets = NonNullable<ContainerSpec["Secrets"]>;
type Configs = NonNullable<ContainerSpec["Configs"]>;

/** The id of a network of the swarm. */
export async function networkId(client: Client, name: string): Promise<string> {
  const { Id = "" }: { Id?: string } = decodeJson(await inspectNetworkRaw(client, name, { scope: "swarm" }));
  return Id;
}

/** A place on a network, as services have it. */
export async function attachment(
  client: Client,
  { target, aliases, driverOpts }: NetworkAttachment,
): Promise<NetworkAttachmentConfig> {
  return {
    Target: await networkId(client, target),
    ...(aliases.length > 0 && { Aliases: [...aliases] }),
    ...(driverOpts && { DriverOpts: { ...driverOpts } }),
  };
}

/** By their targets: a specification that has not changed looks the same. */
export function sortedNetworks(networks: readonly NetworkAttachmentConfig[]): NetworkAttachmentConfig[] {
  return networks.toSorted((a, b) => ((a.Target ?? "") < (b.Target ?? "") ? -1 : 1));
}

export async function secretReferences(client: Client, wanted: readonly FileReference[]): Promise<Secrets> {
  if (wanted.length === 0) return [];
  checkTargets("secret", wanted);
  const found = await listSecrets(client, { name: names(wanted.map(({ source }) => source)) });
  const ids = new Map(found.map(({ ID = "", Spec }) => [Spec?.Name ?? "", ID]));
  return wanted.map(({ source, File }) => {
    const SecretID = ids.get(source);
    if (SecretID === undefined) throw new CliError(`secret not found: ${source}`);
    return { File, SecretID, SecretName: source };
  });
}

/** `credential`: the config that holds a credential specification; it is no file. */
export async function configReferences(
  client: Client,
  wanted: readonly FileReference[],
  credential = "",
): Promise<Configs> {
  const sources = [...wanted.map(({ source }) => source), ...(credential === "" ? [] : [credential])];
  if (sources.length === 0) return [];
  checkTargets("config", wanted);
  const found = await listConfigs(client, { name: names(sources) });
  const ids = new Map(found.map(({ ID = "", Spec }) => [Spec?.Name ?? "", ID]));
  const idOf = (name: string): string => {
    const id = ids.get(name);
    if (id === undefined) throw new CliError(`config not found: ${name}`);
    return id;
  };
  const files = wanted.map(({ source, File }) => ({ File, ConfigID: idOf(source), ConfigName: source }));
  if (credential === "") return files;
  return [...files, { Runtime: {}, ConfigID: idOf(credential), ConfigName: credential }];
}

const names = (list: readonly string[]) => [...new Set(list)];

function checkTargets(kind: string, wanted: readonly FileReference[]): void {
  const seen = new Set<string>();
  for (const { source, File } of wanted) {
    if (seen.has(File.Name)) throw new CliError(`duplicate ${kind} target for ${source} not allowed`);
    seen.add(File.Name);
  }
}

/**
 * Has the specification name its image by digest, and the platforms that it is for, so that all nodes run the same.
 * Returns what is to be said where the registry does not tell.
 */
export async function pinImage(client: Client, spec: ServiceSpec, registryAuth?: string): Promise<string[]> {
  const { ContainerSpec: container, Placement } = spec.TaskTemplate ?? {};
  if (!container?.Image) return [];
  const image = container.Image;
  try {
    const { Descriptor, Platforms } = await inspectDistribution(client, image, registryAuth);
    if (!image.includes("@")) container.Image = `${image}@${Descriptor.digest}`;
    const platforms = (Platforms ?? []).map((one) => ({
      Architecture: one?.architecture ?? "",
      OS: one?.os ?? "",
    }));
    if (spec.TaskTemplate && platforms.length > 0) spec.TaskTemplate.Placement = { ...Placement, Platforms: platforms };
    return [];
  } catch {
    return [
      `image ${image} could not be accessed on a registry to record\nits digest. Each node will access ${image} ` +
        "independently,\npossibly leading to different nodes running different\nversions of the image.\n",
    ];
  }
}

/** The image as it is to be asked for and sent. */
export function imageOf(name: string): string {
  return name === "" ? name : taggedImage(name);
}
