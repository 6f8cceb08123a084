/** Tasks as the planners make and end them. */
import type { TaskState } from "../../api/types/swarm.ts";
import { type Addresses, ingressNetwork } from "../allocate/addresses.ts";
import { newClusterId, type ServiceObject, type TaskNetwork, type TaskObject } from "../model/objects.ts";
import type { ClusterState } from "../model/state.ts";
import { isOver, taskStatus } from "../model/task-status.ts";
import type { Draft } from "../store/store.ts";
import { draftOf } from "../version.ts";
import type { Workspace } from "./workspace.ts";

/** What planners of services work upon. */
export interface Planning {
  work: Workspace;
  addresses: Addresses;
}

/** Where in its service a task stands: a slot, or a node for services that have one on each. */
export interface Place {
  Slot: number;
  NodeID: string;
}

/** A task of the service's present spec, put into the workspace. Throws `unavailable` where addresses have run out. */
export function addTask(
  { work, addresses }: Planning,
  service: ServiceObject,
  place: Place,
  more: Pick<Draft<"task">, "DesiredState"> & Partial<Pick<Draft<"task">, "Restarts" | "JobIteration">>,
): void {
  const { Spec } = service;
  work.put("task", {
    ID: newClusterId(),
    Spec: Spec.TaskTemplate,
    SpecVersion: service.SpecVersion,
    ServiceID: service.ID,
    ServiceName: Spec.Name,
    ServiceLabels: Spec.Labels,
    ...place,
    Status: { State: "new", Timestamp: timeOf(work), Message: "created" },
    Networks: networksOf(work, addresses, service),
    Ports: service.Endpoint?.Ports ?? [],
    ...more,
  });
}

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

/** An address on each of the service's networks, and on the ingress network where something is published there. */
function networksOf(state: ClusterState, addresses: Addresses, service: ServiceObject): TaskNetwork[] {
  const wanted = (service.Spec.TaskTemplate.Networks ?? []).flatMap(({ Target = "", Aliases = [] }) => {
    const network = state.get("network", Target);
    return network ? [{ network, Aliases }] : [];
  });
  const published = service.Endpoint?.Ports.some(({ PublishMode = "ingress" }) => PublishMode === "ingress");
  const ingress = published ? ingressNetwork(state) : undefined;
  return [...(ingress ? [{ network: ingress, Aliases: [] }] : []), ...wanted].map(({ network, Aliases }) => ({
    NetworkID: network.ID,
    Addresses: network.VNIs.length > 0 ? addresses.take(network) : [],
    Aliases,
  }));
}
