import { type Filters, invalidFilter } from "../../api/filters.ts";
import type { Service } from "../../api/types/swarm.ts";
import { find } from "../find.ts";
import type { ServiceObject, TaskObject } from "../model/objects.ts";
import type { ClusterState } from "../model/state.ts";
import { isOver, taskStatus } from "../model/task-status.ts";
import { isJob, modeOf } from "./mode.ts";

const second = 1_000_000_000;

/** `GET /services/{id}`. `insertDefaults`: with what holds where the spec says nothing. Throws `not-found`. */
export function inspectService(state: ClusterState, ref: string, insertDefaults: boolean): Service {
  return viewService(state, find(state, "service", ref), { insertDefaults, status: false });
}

/** `GET /services`. `status`: with how many tasks there are. Throws `invalid` on an unknown filter. */
export function listServices(state: ClusterState, filters: Filters, { status }: { status: boolean }): Service[] {
  filters.validate(["id", "label", "mode", "name", "runtime"]);
  const modes = ["replicated", "global", "replicated-job", "global-job"];
  for (const value of filters.get("mode")) if (!modes.includes(value)) throw invalidFilter("mode", [value]);
  return [...state.all("service")]
    .filter(
      ({ ID, Spec }) =>
        filters.matchPrefix("id", ID) &&
        filters.matchPrefix("name", Spec.Name) &&
        filters.matchLabels(Spec.Labels) &&
        filters.matchExact("mode", modeOf(Spec)) &&
        filters.matchExact("runtime", Spec.TaskTemplate.Runtime ?? "container"),
    )
    .map((service) => viewService(state, service, { insertDefaults: false, status }));
}

function viewService(
  state: ClusterState,
  service: ServiceObject,
  { insertDefaults, status }: { insertDefaults: boolean; status: boolean },
): Service {
  const { ID, Version, CreatedAt, UpdatedAt, Spec, PreviousSpec, Endpoint, JobStatus } = service;
  const rollout = state.get("rollout", ID);
  return {
    ID,
    Version,
    CreatedAt,
    UpdatedAt,
    Spec: insertDefaults ? withDefaults(Spec) : Spec,
    ...(PreviousSpec && { PreviousSpec: insertDefaults ? withDefaults(PreviousSpec) : PreviousSpec }),
    Endpoint: viewEndpoint(Endpoint),
    ...(rollout?.UpdateStatus && { UpdateStatus: rollout.UpdateStatus }),
    ...(status && { ServiceStatus: countTasks(state, service) }),
    ...(JobStatus && {
      JobStatus: { ...JobStatus, JobIteration: JobStatus.JobIteration?.Index ? JobStatus.JobIteration : {} },
    }),
  };
}

/** Without ports and networks there is nothing to say; a service found by its tasks' addresses has none of its own. */
function viewEndpoint(endpoint: ServiceObject["Endpoint"]): NonNullable<Service["Endpoint"]> {
  if (!endpoint) return { Spec: {} };
  const { Spec, Ports, VirtualIPs } = endpoint;
  if (Ports.length === 0 && VirtualIPs.length === 0) return { Spec: {} };
  return { Spec, ...(Ports.length > 0 && { Ports }), ...(VirtualIPs.length > 0 && { VirtualIPs }) };
}

/** What holds where nobody said anything, as Docker shows it. */
function withDefaults(spec: ServiceObject["Spec"]): ServiceObject["Spec"] {
  const { TaskTemplate: task } = spec;
  const replacing = {
    Parallelism: 1,
    FailureAction: "pause",
    Monitor: 5 * second,
    MaxFailureRatio: 0,
    Order: "stop-first",
  } as const;
  return {
    ...spec,
    TaskTemplate: {
      ...task,
      ContainerSpec: {
        ...task.ContainerSpec,
        StopGracePeriod: task.ContainerSpec?.StopGracePeriod ?? 10 * second,
      },
      RestartPolicy: {
        Condition: isJob(spec) ? "on-failure" : "any",
        Delay: 5 * second,
        MaxAttempts: 0,
        ...task.RestartPolicy,
      },
    },
    ...(!isJob(spec) && {
      UpdateConfig: { ...replacing, ...spec.UpdateConfig },
      RollbackConfig: { ...replacing, ...spec.RollbackConfig },
    }),
  };
}

function countTasks(state: ClusterState, service: ServiceObject): NonNullable<Service["ServiceStatus"]> {
  const { Mode = {} } = service.Spec;
  const tasks = [...state.tasksOfService(service.ID)];
  const count = (holds: (task: TaskObject, now: string) => boolean) =>
    tasks.filter((task) => holds(task, taskStatus(state, task).State)).length;
  const wanted = ({ DesiredState }: TaskObject) => DesiredState === "running" || DesiredState === "complete";
  return {
    RunningTasks: count((_, now) => now === "running"),
    DesiredTasks:
      Mode.Replicated?.Replicas ??
      Mode.ReplicatedJob?.MaxConcurrent ??
      count((task) => wanted(task) && !isOver(taskStatus(state, task).State)),
    CompletedTasks: count((_, now) => now === "complete"),
  };
}
