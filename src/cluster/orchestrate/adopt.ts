import type { ServiceObject, TaskObject } from "../model/objects.ts";
import { meetsConstraints, parseConstraints } from "../schedule/constraints.ts";
import { draftOf } from "../version.ts";
import { isWanted } from "./tasks.ts";
import type { Workspace } from "./workspace.ts";

/**
 * Tasks of another version of the service that are just as the present one wants them count as of that from now on, and
 * are not replaced: after a rollback, say, those that the update had not got to.
 */
export function adopt(work: Workspace, service: ServiceObject): void {
  const { Spec, SpecVersion, Endpoint } = service;
  const Ports = Endpoint?.Ports ?? [];
  for (const task of [...work.tasksOfService(service.ID)]) {
    if (task.SpecVersion === SpecVersion || !isWanted(task) || !mayStay(work, service, task)) continue;
    if (!Bun.deepEquals(task.Ports, Ports)) continue;
    work.put("task", { ...draftOf(task), Spec: Spec.TaskTemplate, SpecVersion });
  }
}

/** Its spec is the present one, but perhaps for constraints, which its node meets. */
function mayStay(work: Workspace, { Spec: { TaskTemplate } }: ServiceObject, task: TaskObject): boolean {
  const { Constraints = [], ...placement } = TaskTemplate.Placement ?? {};
  const { Constraints: before = [], ...placementBefore } = task.Spec.Placement ?? {};
  const rest = { ...TaskTemplate, Placement: placement };
  if (!Bun.deepEquals(rest, { ...task.Spec, Placement: placementBefore })) return false;
  if (Bun.deepEquals(Constraints, before)) return true;
  const node = work.get("node", task.NodeID);
  return node !== undefined && meetsConstraints(parseConstraints(Constraints), node, work.get("node-report", node.ID));
}
