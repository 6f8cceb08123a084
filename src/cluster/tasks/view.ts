import type { Filters } from "../../api/filters.ts";
import type { Task, TaskState } from "../../api/types/swarm.ts";
import { invalid } from "../../lib/errors.ts";
import { find, type NamedKind } from "../find.ts";
import type { TaskObject } from "../model/objects.ts";
import type { ClusterState } from "../model/state.ts";
import { isUpToDate, taskStatus } from "../model/task-status.ts";
import { viewNetwork } from "../networks/view.ts";

/** `GET /tasks/{id}`. Throws `not-found`. */
export const inspectTask = (state: ClusterState, ref: string): Task => viewTask(state, find(state, "task", ref));

/** `GET /tasks`. Throws `invalid` on an unknown filter. */
export function listTasks(state: ClusterState, filters: Filters): Task[] {
  filters.validate(["_up-to-date", "desired-state", "id", "label", "name", "node", "runtime", "service"]);
  for (const value of filters.get("desired-state")) {
    if (!["running", "shutdown", "accepted"].includes(value)) throw invalid(`Invalid desired-state filter: '${value}'`);
  }
  const upToDate = filters.has("_up-to-date") ? filters.matchBool("_up-to-date", false) : null;
  const ofNode = oneOf(state, "node", filters);
  const ofService = oneOf(state, "service", filters);
  return [...state.all("task")]
    .filter(
      (task) =>
        ofNode(task.NodeID) &&
        ofService(task.ServiceID) &&
        filters.matchPrefix("id", task.ID) &&
        filters.matchAny("name", (value) => `${task.ServiceName}.${task.Slot}.${task.ID}`.includes(value)) &&
        filters.matchLabels(task.Spec.ContainerSpec?.Labels) &&
        filters.matchExact("runtime", task.Spec.Runtime ?? "container") &&
        filters.matchAny("desired-state", (value) => isWanted(task.DesiredState, value)) &&
        (upToDate === null || upToDate === isOfPresentSpec(state, task)),
    )
    .map((task) => viewTask(state, task));
}

/** What the words of the filter stand for. */
function isWanted(desired: TaskState, word: string): boolean {
  if (word === "shutdown") return desired === "shutdown" || desired === "remove";
  return word === "running" ? desired === "running" || desired === "complete" : desired === "accepted";
}

function isOfPresentSpec(state: ClusterState, task: TaskObject): boolean {
  const service = state.get("service", task.ServiceID);
  return service !== undefined && isUpToDate(service, task);
}

/** Whether an id is one of those that a filter means, by id or by name; one that is not known stands for itself. */
function oneOf(state: ClusterState, kind: NamedKind, filters: Filters): (id: string) => boolean {
  const wanted = filters.get(kind).map((ref) => {
    try {
      return find(state, kind, ref).ID;
    } catch {
      return ref;
    }
  });
  return (id) => wanted.length === 0 || wanted.includes(id);
}

/** As clients see a task. */
function viewTask(state: ClusterState, task: TaskObject): Task {
  const { ID, Version, CreatedAt, UpdatedAt, Spec, ServiceID, Slot, NodeID, DesiredState } = task;
  const report = state.get("task-report", ID);
  return {
    ID,
    Version: { Index: Math.max(Version.Index, report?.Version.Index ?? 0) },
    CreatedAt,
    UpdatedAt: report && report.UpdatedAt > UpdatedAt ? report.UpdatedAt : UpdatedAt,
    Labels: {},
    Spec,
    ...(ServiceID && { ServiceID }),
    ...(Slot > 0 && { Slot }),
    ...(NodeID && { NodeID }),
    Status: taskStatus(state, task),
    DesiredState,
    ...(task.Networks.length > 0 && {
      NetworksAttachments: task.Networks.flatMap(({ NetworkID, Addresses }) => {
        const network = state.get("network", NetworkID);
        return network ? [{ Network: viewNetwork(network), Addresses }] : [];
      }),
    }),
    ...(task.JobIteration && { JobIteration: task.JobIteration.Index ? task.JobIteration : {} }),
    ...(task.AssignedGenericResources && { GenericResources: task.AssignedGenericResources }),
    Volumes: null,
  };
}
