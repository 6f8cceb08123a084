/** What `service update` makes of a service's specification. */
import type {
  EndpointPortConfig,
  EndpointSpec,
  NetworkAttachmentConfig,
  ServiceSpec,
  TaskSpec,
} from "../../../../api/types/swarm.ts";
import type { Client } from "../../../../client/client.ts";
import { CliError } from "../../../errors.ts";
import { logDriver } from "./create-spec.ts";
import { portKey } from "./ports.ts";
import { attachment, imageOf, networkId, sortedNetworks } from "./resolve.ts";
import { restartPolicy, rolloutConfig } from "./rollout.ts";
import { updatedContainer } from "./update-container.ts";
import type { UpdateFlags } from "./update-flags.ts";
import { pairs, set, type UpdateInput } from "./update-parts.ts";
import { updatedResources } from "./update-resources.ts";

/** The specification with what the flags say; what they name is looked up. Throws Docker's texts on what cannot be. */
export async function updatedSpec(client: Client, spec: ServiceSpec, input: UpdateInput): Promise<ServiceSpec> {
  const { flags, changed } = input;
  const task: TaskSpec = { ...spec.TaskTemplate };
  const container = await updatedContainer(client, task.ContainerSpec ?? {}, input);
  set(container, "Image", imageOf(changed.has("image") ? flags.image : (container.Image ?? "")) || undefined);
  const updated: ServiceSpec = { ...spec, TaskTemplate: { ...task, ContainerSpec: container } };
  const template = updated.TaskTemplate ?? {};
  set(updated, "Labels", pairs(spec.Labels, flags["label-add"], flags["label-rm"]));
  set(template, "Resources", updatedResources(task.Resources, flags, changed));
  set(template, "RestartPolicy", restartPolicy(flags, changed, task.RestartPolicy));
  set(template, "Placement", placement(task.Placement, flags, changed));
  if (changed.has("log-driver"))
    set(
      template,
      "LogDriver",
      flags["log-driver"] === "" ? undefined : logDriver(flags["log-driver"], flags["log-opt"]),
    );
  set(updated, "UpdateConfig", rolloutConfig("update", flags, changed, spec.UpdateConfig));
  set(
    updated,
    "RollbackConfig",
    rolloutConfig("rollback", flags, changed, spec.RollbackConfig) as ServiceSpec["RollbackConfig"],
  );
  set(updated, "Mode", mode(spec.Mode, flags));
  set(updated, "EndpointSpec", endpoint(spec.EndpointSpec, flags, changed));
  if (changed.has("network-add") || changed.has("network-rm")) {
    const networks = await updatedNetworks(client, task.Networks ?? spec.Networks ?? [], flags);
    delete updated.Networks;
    set(template, "Networks", networks.length > 0 ? networks : undefined);
  }
  if (flags.force) template.ForceUpdate = (template.ForceUpdate ?? 0) + 1;
  return updated;
}

function placement(
  before: TaskSpec["Placement"],
  flags: UpdateFlags,
  changed: ReadonlySet<string>,
): TaskSpec["Placement"] {
  const after: NonNullable<TaskSpec["Placement"]> = { ...before };
  if (changed.has("constraint-add") || changed.has("constraint-rm")) {
    const removed = new Set(flags["constraint-rm"]);
    const kept = [...new Set([...(before?.Constraints ?? []), ...flags["constraint-add"]])];
    const constraints = kept.filter((constraint) => !removed.has(constraint)).sort();
    set(after, "Constraints", constraints.length > 0 ? constraints : undefined);
  }
  if (changed.has("placement-pref-add") || changed.has("placement-pref-rm")) {
    const removed = new Set(flags["placement-pref-rm"].map(({ Spread }) => Spread.SpreadDescriptor));
    const kept = (before?.Preferences ?? []).filter(({ Spread }) => !removed.has(Spread?.SpreadDescriptor ?? ""));
    const preferences = [...kept, ...flags["placement-pref-add"]];
    set(after, "Preferences", preferences.length > 0 ? preferences : undefined);
  }
  if (changed.has("replicas-max-per-node")) after.MaxReplicas = flags["replicas-max-per-node"];
  return before === undefined && Object.keys(after).length === 0 ? undefined : after;
}

function mode(before: ServiceSpec["Mode"], flags: UpdateFlags): ServiceSpec["Mode"] {
  const { replicas } = flags;
  const concurrent = flags["max-concurrent"];
  if (replicas !== null && !before?.Replicated) throw new CliError("replicas can only be used with replicated mode");
  if (concurrent !== null && !before?.ReplicatedJob)
    throw new CliError("max-concurrent can only be used with replicated-job mode");
  if (concurrent !== null) return { ReplicatedJob: { ...before?.ReplicatedJob, MaxConcurrent: concurrent } };
  return replicas === null ? before : { Replicated: { Replicas: replicas } };
}

function endpoint(
  before: EndpointSpec | undefined,
  flags: UpdateFlags,
  changed: ReadonlySet<string>,
): EndpointSpec | undefined {
  const after: EndpointSpec = { ...before };
  if (changed.has("endpoint-mode")) after.Mode = flags["endpoint-mode"] as "vip";
  if (changed.has("publish-add") || changed.has("publish-rm")) {
    const ports = updatedPorts(before?.Ports ?? [], flags);
    set(after, "Ports", ports.length > 0 ? ports : undefined);
  }
  return before === undefined && Object.keys(after).length === 0 ? undefined : after;
}

function updatedPorts(before: readonly EndpointPortConfig[], flags: UpdateFlags): EndpointPortConfig[] {
  const removed = flags["publish-rm"].flat();
  const isRemoved = (port: EndpointPortConfig) =>
    removed.some(
      (one) =>
        one.TargetPort === port.TargetPort &&
        one.Protocol === (port.Protocol ?? "tcp") &&
        one.PublishMode === (port.PublishMode ?? "ingress"),
    );
  const known = new Map(before.map((port) => [portKey(port), port]));
  const kept = [...known.values()].filter((port) => !isRemoved(port));
  const added = flags["publish-add"].flat().filter((port) => !known.has(portKey(port)));
  return [...kept, ...added].sort((a, b) => (portKey(a) < portKey(b) ? -1 : 1));
}

async function updatedNetworks(
  client: Client,
  before: readonly NetworkAttachmentConfig[],
  flags: UpdateFlags,
): Promise<NetworkAttachmentConfig[]> {
  const removed = new Set<string>();
  for (const name of flags["network-rm"]) removed.add(await networkId(client, name));
  const networks = before.filter(({ Target = "" }) => !removed.has(Target));
  for (const network of flags["network-add"]) {
    const added = await attachment(client, network);
    if (networks.some(({ Target }) => Target === added.Target))
      throw new CliError(`service is already attached to network ${network.target}`);
    networks.push(added);
  }
  return sortedNetworks(networks);
}
