import type { Service, ServiceSpec } from "../../api/types/swarm.ts";
import type { Client } from "../../client/client.ts";
import { createService, listServices, removeService, updateService } from "../../client/services.ts";
import { engineInfo } from "../../client/system.ts";
import { registryAuth } from "../auth/credentials.ts";
import { imageOf, pinImage } from "../commands/service/options/resolve.ts";
import type { Project } from "../compose/project-type.ts";
import type { CommandDeps } from "../deps.ts";
import { parseReference } from "../reference.ts";
import { deployFiles, serviceFiles } from "./files.ts";
import { imageLabel, ofStack, scoped } from "./names.ts";
import { deployNetworks } from "./networks.ts";
import { serviceSpec } from "./service-spec.ts";

export interface DeployOptions {
  prune: boolean;
  /** When the registry is asked which image it is. */
  resolveImage: "always" | "changed" | "never";
  withRegistryAuth: boolean;
}

/** Brings a stack to what a project says; returns the names of its services. What was done before a failure stays. */
export async function deployStack(
  deps: CommandDeps,
  stack: string,
  project: Project,
  options: DeployOptions,
): Promise<string[]> {
  const client = await deps.client();
  const { Swarm } = await engineInfo(client);
  if (!Swarm?.ControlAvailable)
    throw new Error(
      `this node is not a swarm manager. Use "${deps.program} swarm init" or "${deps.program} swarm join" to connect ` +
        "this node to swarm and try again",
    );
  if (options.prune) await prune(deps, client, stack, project);
  await deployNetworks(deps, client, stack, project);
  await deployFiles(deps, client, stack, "secret", project.secrets);
  await deployFiles(deps, client, stack, "config", project.configs);
  const specs: ServiceSpec[] = [];
  for (const [name, service] of Object.entries(project.services).sort(([a], [b]) => (a < b ? -1 : 1))) {
    try {
      const files = await serviceFiles(client, stack, service, project);
      specs.push(serviceSpec(name, service, { stack, project, ...files }));
    } catch (error) {
      throw new Error(`service ${name}: ${error instanceof Error ? error.message : error}`, { cause: error });
    }
  }
  const there = new Map((await listServices(client, ofStack(stack))).map((one) => [one.Spec?.Name ?? "", one]));
  for (const spec of specs) await deployService(deps, client, spec, there.get(spec.Name ?? ""), options);
  return specs.map(({ Name = "" }) => Name);
}

/** Removes services that the project has no longer. */
async function prune(deps: CommandDeps, client: Client, stack: string, { services }: Project): Promise<void> {
  const wanted = new Set(Object.keys(services).map((name) => scoped(stack, name)));
  for (const { ID = "", Spec } of await listServices(client, ofStack(stack))) {
    if (wanted.has(Spec?.Name ?? "")) continue;
    deps.out.write(`Removing service ${Spec?.Name ?? ""}\n`);
    await removeService(client, ID).catch((error: unknown) => {
      deps.err.write(`Failed to remove service ${ID}: ${error instanceof Error ? error.message : error}`);
    });
  }
}

async function deployService(
  deps: CommandDeps,
  client: Client,
  spec: ServiceSpec,
  before: Service | undefined,
  { resolveImage, withRegistryAuth }: DeployOptions,
): Promise<void> {
  const container = spec.TaskTemplate?.ContainerSpec ?? {};
  const image = container.Image ?? "";
  const auth = withRegistryAuth && image !== "" ? await registryAuth(deps, parseReference(image).domain) : undefined;
  const name = spec.Name ?? "";
  if (image !== "") container.Image = imageOf(image);
  const isSame = before?.Spec?.Labels?.[imageLabel] === image;
  let notes: string[] = [];
  if (resolveImage === "always" || (resolveImage === "changed" && !isSame)) notes = await pinImage(client, spec, auth);
  else if (before && isSame && resolveImage === "changed")
    container.Image = before.Spec?.TaskTemplate?.ContainerSpec?.Image ?? container.Image ?? "";
  if (before) {
    const id = before.ID ?? name;
    deps.out.write(`Updating service ${name} (id: ${id})\n`);
    // Tasks are replaced for what is asked for only, not because others were once forced to be.
    if (spec.TaskTemplate) spec.TaskTemplate.ForceUpdate = before.Spec?.TaskTemplate?.ForceUpdate ?? 0;
    const { Warnings } = await updateService(client, id, {
      version: before.Version?.Index ?? 0,
      spec,
      registryAuth: auth,
    }).catch((error: unknown) => {
      throw new Error(`failed to update service ${name}: ${error instanceof Error ? error.message : error}`);
    });
    notes = [...(Warnings ?? []), ...notes];
  } else {
    deps.out.write(`Creating service ${name}\n`);
    await createService(client, spec, auth).catch((error: unknown) => {
      throw new Error(`failed to create service ${name}: ${error instanceof Error ? error.message : error}`);
    });
    notes = [];
  }
  await deps.out.flush();
  for (const note of notes) deps.err.write(`${note}\n`);
}
