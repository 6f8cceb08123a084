import type { ServiceSpec, ServiceUpdateResponse } from "../../api/types/swarm.ts";
import { invalid, notImplemented } from "../../lib/errors.ts";
import { allocateEndpoint } from "../allocate/endpoint.ts";
import type { ManagerDeps } from "../deps.ts";
import { find } from "../find.ts";
import type { ServiceObject } from "../model/objects.ts";
import type { ClusterState } from "../model/state.ts";
import { guarded } from "../store/guarded.ts";
import type { Draft, Write } from "../store/store.ts";
import { draftOf, requireVersion } from "../version.ts";
import { storedSpec } from "./create.ts";
import { isJob, modeOf } from "./mode.ts";
import { resolveReferences } from "./references.ts";
import { validateService } from "./validate.ts";

/** How an update goes about it. */
export interface UpdateOptions {
  /** The version that the client has seen. */
  seen: number;
  /** With which the image is pulled from now on; empty: see `authFrom`. */
  auth: string;
  /** Where credentials come from that are not given: those that it has, or had before the last update. */
  authFrom: "spec" | "previous-spec";
  /** Back to the spec before, whatever the request says. */
  rollback: boolean;
}

/**
 * `POST /services/{id}/update`: another spec for a service. Throws `not-found`, `conflict` where it has changed since
 * the client looked, `invalid`, `not-implemented` for what never changes.
 */
export async function updateService(
  { store }: ManagerDeps,
  ref: string,
  request: ServiceSpec,
  options: UpdateOptions,
): Promise<ServiceUpdateResponse> {
  await guarded(store, (state) => {
    const found = find(state, "service", ref);
    requireVersion(found, options.seen);
    const Spec = options.rollback ? previousSpec(found) : requestedSpec(state, found, request);
    const draft: Draft<"service"> = { ...draftOf(found), Spec, PreviousSpec: found.Spec, ...nextRun(found, Spec) };
    delete draft.Endpoint;
    const Endpoint = allocateEndpoint(state, draft, found.Endpoint);
    const writes: Write[] = [
      { put: "service", object: { ...draft, ...(Endpoint && { Endpoint }) }, at: options.seen },
      ...credentials(state, found.ID, options),
      ...rollout(state, found, draft, options.rollback),
    ];
    return writes;
  });
  return { Warnings: [] };
}

function previousSpec({ ID, PreviousSpec }: ServiceObject): ServiceObject["Spec"] {
  if (!PreviousSpec) throw invalid(`service ${ID} does not have a previous spec`);
  return PreviousSpec;
}

function requestedSpec(state: ClusterState, found: ServiceObject, request: ServiceSpec): ServiceObject["Spec"] {
  if (request.Name && request.Name !== found.Spec.Name) throw notImplemented("renaming services is not supported");
  const named = { ...request, Name: found.Spec.Name };
  validateService(named);
  const Spec = storedSpec(resolveReferences(state, named));
  if (modeOf(Spec) !== modeOf(found.Spec)) throw notImplemented("service mode change is not allowed");
  return Spec;
}

/** Tasks are replaced where the spec says something else of them, or is told to; a job begins anew. */
function nextRun(found: ServiceObject, spec: ServiceObject["Spec"]): Pick<ServiceObject, "SpecVersion" | "JobStatus"> {
  const changed =
    JSON.stringify(found.Spec.TaskTemplate) !== JSON.stringify(spec.TaskTemplate) ||
    JSON.stringify(found.Spec.EndpointSpec ?? {}) !== JSON.stringify(spec.EndpointSpec ?? {});
  const SpecVersion = found.SpecVersion + (changed ? 1 : 0);
  if (!isJob(spec)) return { SpecVersion };
  const again = found.Spec.TaskTemplate.ForceUpdate !== spec.TaskTemplate.ForceUpdate;
  if (!again || !found.JobStatus) return { SpecVersion, ...(found.JobStatus && { JobStatus: found.JobStatus }) };
  const Index = (found.JobStatus.JobIteration?.Index ?? 0) + 1;
  return { SpecVersion, JobStatus: { JobIteration: { Index }, LastExecution: new Date().toISOString() } };
}

/** Those of the spec before are kept for who goes back to it. */
function credentials(state: ClusterState, ID: string, { auth, authFrom, rollback }: UpdateOptions): Write[] {
  const { Auth = "", PreviousAuth = "" } = state.get("credentials", ID) ?? {};
  const next = auth || (rollback || authFrom === "previous-spec" ? PreviousAuth : Auth);
  if (!next && !Auth) return [];
  return [{ put: "credentials", object: { ID, Auth: next, PreviousAuth: Auth } }];
}

/** What was told of the update before is over; going back by hand is told of at once. */
function rollout(state: ClusterState, found: ServiceObject, next: Draft<"service">, rollback: boolean): Write[] {
  const before = state.get("rollout", found.ID);
  if (!rollback) return before ? [{ remove: "rollout", id: found.ID }] : [];
  const UpdateStatus = {
    State: "rollback_started" as const,
    StartedAt: new Date().toISOString(),
    Message: "manually requested rollback",
  };
  return [{ put: "rollout", object: { ID: found.ID, UpdateStatus, SpecVersion: next.SpecVersion } }];
}
