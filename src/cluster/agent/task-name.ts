import type { TaskObject } from "../model/objects.ts";

type Named = Pick<TaskObject, "ID" | "ServiceName" | "Slot" | "NodeID">;

/** `web.1.TASK`; of a global service `web.NODE.TASK`. The task's container has it, too. */
export function taskName({ ID, ServiceName, Slot, NodeID }: Named): string {
  return `${ServiceName}.${Slot === -1 ? NodeID : Slot}.${ID}`;
}

/** By which the container of a task is known to be that, also to the next daemon. */
export const taskIdLabel = "com.docker.swarm.task.id";

/** The labels of a task's container that the cluster gives it. */
export function taskLabels(task: TaskObject, nodeId: string): Record<string, string> {
  return {
    "com.docker.swarm.node.id": nodeId,
    "com.docker.swarm.service.id": task.ServiceID,
    "com.docker.swarm.service.name": task.ServiceName,
    "com.docker.swarm.task": "",
    [taskIdLabel]: task.ID,
    "com.docker.swarm.task.name": taskName(task),
  };
}
