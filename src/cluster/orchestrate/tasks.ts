/** Tasks as the planners make and end them. */
import type { TaskSpec, TaskState } from "../../api/types/swarm.ts";
import { ingressNetwork } from "../allocate/addresses.ts";
import { newClusterId, type ServiceObject, type TaskNetwork, type TaskObject } from "../model/objects.ts";
import type { ClusterState } from "../model/state.ts";
import { isOver, taskStatus } from "../model/task-status.ts";
import type { Draft } from "../store/store.ts";
import { draftOf } from "../version.ts";
import type { Workspace } from "./workspace.ts";

/** Where in its service a task stands: a slot, or a node for services that have one on each. */
export interface Place {
  Slot: number;
  NodeID: string;
}

/** What a task is made from. */
type Origin = Pick<Draft<"task">, "Spec" | "SpecVersion" | "Ports">;

type More = Pick<Draft<"task">, "DesiredState"> & Partial<Pick<Draft<"task">, "Restarts" | "JobIteration">>;

/** Puts a task into the workspace. Without `origin` it is of the service's present spec. It has no addresses yet. */
export function addTask(
  work: Workspace,
  service: ServiceObject,
  place: Place,
  more: More,
  { Spec, SpecVersion, Ports }: Origin = presentOrigin(service),
): void {
  work.put("task", {
    ID: newClusterId(),
    Spec,
    SpecVersion,
    ServiceID: service.ID,
    ServiceName: service.Spec.Name,
    ServiceLabels: service.Spec.Labels,
    ...place,
    Status: { State: "new", Timestamp: timeOf(work), Message: "created" },
    Networks: networksOf(work, Spec, Ports),
    Ports,
    ...more,
  });
}

const presentOrigin = ({ Spec, SpecVersion, Endpoint }: ServiceObject): Origin => ({
  Spec: Spec.TaskTemplate,
  SpecVersion,
  Ports: Endpoint?.Ports ?? [],
});

/** Its node is to bring it into this state from now on. */
export function want(work: Workspace, task: TaskObject, DesiredState: TaskState): void {
  if (task.DesiredState !== DesiredState) work.put("task", { ...draftOf(task), DesiredState });
}

/** It is to run, or to be made ready to. */
export const isWanted = ({ DesiredState }: TaskObject): boolean =>
  DesiredState === "running" || DesiredState === "ready" || DesiredState === "complete";

/** It runs nowhere any more, as far as anybody can tell: it has ended, or nobody hears of its node. */
export function isAway(state: ClusterState, task: TaskObject): boolean {
  return isOver(taskStatus(state, task).State) || (task.NodeID === "" ? !isWanted(task) : isLost(state, task.NodeID));
}

/** Nobody hears of the node, or it is none of the cluster's any more. */
export function isLost(state: ClusterState, nodeId: string): boolean {
  return !state.get("node", nodeId) || state.get("node-report", nodeId)?.Status.State === "down";
}

/** What runs on the node is to run elsewhere. */
export const isLeft = (state: ClusterState, nodeId: string): boolean =>
  isLost(state, nodeId) || state.get("node", nodeId)?.Spec.Availability === "drain";

/** The leader is still to find a node for it, or the one that it is for is still to be asked. */
export const isUnplaced = (task: TaskObject): boolean =>
  (task.Status.State === "new" || task.Status.State === "pending") && isWanted(task) && task.ServiceID !== "";

/** It waits for what there is not now. */
export function postpone(work: Workspace, task: TaskObject, Err: string): void {
  if (task.Status.State === "pending" && task.Status.Err === Err) return;
  const Status = { State: "pending" as const, Timestamp: timeOf(work), Message: "pending task scheduling", Err };
  work.put("task", { ...draftOf(task), Status });
}

/** The oldest first. */
export const byAge = (a: TaskObject, b: TaskObject): number =>
  a.CreatedAt === b.CreatedAt ? (a.ID < b.ID ? -1 : 1) : a.CreatedAt < b.CreatedAt ? -1 : 1;

/** RFC 3339. */
export const timeOf = ({ now }: Workspace): string => new Date(now).toISOString();

/** The networks that a task is on: those asked for, and the ingress network where something is published there. */
function networksOf(state: ClusterState, { Networks = [] }: TaskSpec, ports: TaskObject["Ports"]): TaskNetwork[] {
  const wanted = Networks.flatMap(({ Target = "", Aliases = [] }) => {
    const network = state.get("network", Target);
    return network ? [{ NetworkID: network.ID, Addresses: [], Aliases }] : [];
  });
  const published = ports.some(({ PublishMode = "ingress" }) => PublishMode === "ingress");
  const ingress = published ? ingressNetwork(state) : undefined;
  return [...(ingress ? [{ NetworkID: ingress.ID, Addresses: [], Aliases: [] }] : []), ...wanted];
}
