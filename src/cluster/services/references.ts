import type { NetworkAttachmentConfig, ServiceSpec, TaskSpec } from "../../api/types/swarm.ts";
import { invalid } from "../../lib/errors.ts";
import { find } from "../find.ts";
import type { ClusterState } from "../model/state.ts";

type ContainerSpec = NonNullable<TaskSpec["ContainerSpec"]>;

/**
 * The spec with its networks by id, wherever they stood. Throws `not-found` for a network that is not there, `invalid`
 * for secrets and configs, as Docker does, and for a network that no service may be on.
 */
export function resolveReferences(state: ClusterState, spec: ServiceSpec): ServiceSpec {
  const task = spec.TaskTemplate ?? {};
  requireFiles(state, task.ContainerSpec ?? {});
  // Clients of long ago said it beside the task.
  const networks = task.Networks ?? spec.Networks ?? [];
  const { Networks: _legacy, ...rest } = spec;
  return {
    ...rest,
    TaskTemplate: { ...task, ...(networks.length > 0 && { Networks: networks.map((each) => resolved(state, each)) }) },
  };
}

function resolved(state: ClusterState, attachment: NetworkAttachmentConfig): NetworkAttachmentConfig {
  const network = find(state, "network", attachment.Target ?? "");
  if (network.Ingress)
    throw invalid(`Service cannot be explicitly attached to the ingress network ${JSON.stringify(network.Name)}`);
  return { ...attachment, Target: network.ID };
}

function requireFiles(state: ClusterState, { Secrets = [], Configs = [] }: ContainerSpec): void {
  for (const { SecretID = "", SecretName = "" } of Secrets) {
    if (state.get("secret", SecretID)?.Spec.Name !== SecretName) throw invalid(`secret not found: ${SecretName}`);
  }
  for (const { ConfigID = "", ConfigName = "", Runtime } of Configs) {
    const found = state.get("config", ConfigID)?.Spec.Name;
    if (found === undefined || (!Runtime && found !== ConfigName)) throw invalid(`config not found: ${ConfigName}`);
  }
}
