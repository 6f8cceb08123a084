import type { EndpointPortConfig, TaskState } from "../../api/types/swarm.ts";
import type { ContainerRecord } from "../../container/record.ts";
import type { TaskObject } from "../model/objects.ts";

/** What there is to tell of a task beside its state. */
export interface Observed {
  Err?: string;
  /** Absent: nobody has looked for one; null: there is none. */
  container?: ContainerRecord | null;
}

/** A task's status, as of now. */
export function statusOf(State: TaskState, Message: string, { Err, container }: Observed): TaskObject["Status"] {
  return {
    Timestamp: new Date().toISOString(),
    State,
    Message,
    ...(Err && { Err }),
    ...(container !== undefined && {
      ContainerStatus: {
        ContainerID: container?.id ?? "",
        PID: container?.state.pid ?? 0,
        ExitCode: container?.state.exitCode ?? 0,
      },
    }),
    ...(State === "running" && container && portStatus(container)),
  };
}

/** The ports of the host that lead to it; one that both families have stands there once. */
function portStatus({ state }: ContainerRecord): Pick<TaskObject["Status"], "PortStatus"> {
  const ports = new Map<string, EndpointPortConfig>();
  for (const [key, bindings] of Object.entries(state.network.Ports ?? {})) {
    const [target = "", protocol = "tcp"] = key.split("/");
    for (const { HostPort } of bindings ?? []) {
      ports.set(`${key} ${HostPort}`, {
        Protocol: protocol === "udp" || protocol === "sctp" ? protocol : "tcp",
        TargetPort: Number(target),
        PublishedPort: Number(HostPort),
        PublishMode: "host",
      });
    }
  }
  return ports.size > 0 ? { PortStatus: { Ports: [...ports.values()] } } : {};
}
