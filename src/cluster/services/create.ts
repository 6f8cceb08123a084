import type { ServiceCreateResponse, ServiceSpec } from "../../api/types/swarm.ts";
import { randomName } from "../../container/create/names.ts";
import { conflict } from "../../lib/errors.ts";
import { allocateEndpoint } from "../allocate/endpoint.ts";
import type { ManagerDeps } from "../deps.ts";
import { newClusterId, type ServiceObject } from "../model/objects.ts";
import { guarded } from "../store/guarded.ts";
import type { Draft, Write } from "../store/store.ts";
import { isJob } from "./mode.ts";
import { resolveReferences } from "./references.ts";
import { validateService } from "./validate.ts";

/**
 * `POST /services/create`: written down, with its addresses and ports; the leader makes tasks of it. `auth`: with which
 * its image is pulled (base64url of JSON), or empty. Throws `invalid`, `conflict` where the name is taken, `not-found`
 * for a network.
 */
export async function createService(
  { store }: ManagerDeps,
  request: ServiceSpec,
  auth: string,
): Promise<ServiceCreateResponse> {
  const named = { ...request, Name: request.Name || randomName(), Labels: request.Labels ?? {} };
  validateService(named);
  const id = newClusterId();
  await guarded(store, (state) => {
    for (const { Spec } of state.all("service")) {
      if (Spec.Name === named.Name)
        throw conflict(`name conflicts with an existing object: service ${named.Name} already exists`);
    }
    const Spec = storedSpec(resolveReferences(state, named));
    const object: Draft<"service"> = { ID: id, Spec, SpecVersion: 1, ...firstJob(Spec) };
    const Endpoint = allocateEndpoint(state, object);
    const writes: Write[] = [{ put: "service", object: { ...object, ...(Endpoint && { Endpoint }) }, at: 0 }];
    if (auth) writes.push({ put: "credentials", object: { ID: id, Auth: auth, PreviousAuth: "" } });
    return writes;
  });
  return { ID: id, Warnings: null };
}

/** As it is kept: what Docker shows of a spec even where nobody said it. */
export function storedSpec(spec: ServiceSpec): ServiceObject["Spec"] {
  const { Name = "", Labels = {}, TaskTemplate = {}, Mode = {} } = spec;
  const container = TaskTemplate.ContainerSpec;
  return {
    ...spec,
    Name,
    Labels,
    TaskTemplate: {
      ...TaskTemplate,
      ...(container && { ContainerSpec: { ...container, Isolation: container.Isolation ?? "default" } }),
      ForceUpdate: TaskTemplate.ForceUpdate ?? 0,
      Runtime: "container",
    },
    Mode: Object.values(Mode).some((mode) => mode != null) ? withCounts(Mode) : { Replicated: { Replicas: 1 } },
    ...(spec.EndpointSpec && { EndpointSpec: { ...spec.EndpointSpec, Mode: spec.EndpointSpec.Mode ?? "vip" } }),
  };
}

/** A number that was not said: one task; one at a time, as many as there are to be in all. */
function withCounts(mode: NonNullable<ServiceSpec["Mode"]>): NonNullable<ServiceSpec["Mode"]> {
  const { Replicated, ReplicatedJob } = mode;
  if (Replicated) return { Replicated: { Replicas: Replicated.Replicas ?? 1 } };
  if (!ReplicatedJob) return mode;
  const MaxConcurrent = ReplicatedJob.MaxConcurrent ?? 1;
  return { ReplicatedJob: { MaxConcurrent, TotalCompletions: ReplicatedJob.TotalCompletions ?? MaxConcurrent } };
}

function firstJob(spec: ServiceSpec): Pick<ServiceObject, "JobStatus"> {
  return isJob(spec) ? { JobStatus: { JobIteration: { Index: 0 }, LastExecution: new Date().toISOString() } } : {};
}
