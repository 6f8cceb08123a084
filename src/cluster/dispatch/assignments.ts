import type { RegistryCredentials } from "../../image/remote/credentials.ts";
import type { Kinds } from "../model/objects.ts";
import type { ClusterState } from "../model/state.ts";
import { isOver, taskStatus } from "../model/task-status.ts";
import type { Item } from "./messages.ts";
import { ingressInUse, overlayOf, overlayVersion } from "./overlays.ts";

/** One thing that a node is to have; `version` is another where it has changed. */
export interface Assigned {
  version: string;
  item: Item;
}

/**
 * All that a node is to have, by kind and id: its tasks, and only what these refer to; and the ingress
 * network, whose ports every node answers. Secrets and configs are for
 * tasks that still may run.
 */
export function assignmentsOf(state: ClusterState, nodeId: string): Map<string, Assigned> {
  const found = new Map<string, Assigned>();
  const refer = <K extends "secret" | "config" | "network">(kind: K, id: string) => {
    const object = state.get(kind, id);
    if (object) found.set(`${kind}/${id}`, { version: String(object.Version.Index), item: itemOf(kind, object) });
  };
  const join = (networkId: string) => {
    refer("network", networkId);
    const overlay = overlayOf(state, networkId);
    const item: Item = { kind: "overlay", id: networkId, object: overlay };
    found.set(`overlay/${networkId}`, { version: overlayVersion(overlay), item });
  };
  const ingress = ingressInUse(state);
  if (ingress) join(ingress);
  for (const task of state.tasksOfNode(nodeId)) {
    const status = taskStatus(state, task);
    const auth = credentialsOf(state.get("credentials", task.ServiceID)?.Auth);
    found.set(`task/${task.ID}`, {
      version: String(task.Version.Index),
      item: { kind: "task", id: task.ID, object: { task, state: status.State, ...(auth && { auth }) } },
    });
    if (isOver(status.State)) continue;
    for (const { NetworkID } of task.Networks) join(NetworkID);
    const { Secrets = [], Configs = [] } = task.Spec.ContainerSpec ?? {};
    for (const { SecretID = "" } of Secrets) refer("secret", SecretID);
    for (const { ConfigID = "" } of Configs) refer("config", ConfigID);
  }
  return found;
}

function itemOf<K extends "secret" | "config" | "network">(kind: K, object: Kinds[K]): Item {
  // The border: an object is of its kind.
  return { kind, id: object.ID, object } as Item;
}

/** As clients send them in a header: base64url of JSON. */
function credentialsOf(auth: string | undefined): RegistryCredentials | undefined {
  if (!auth) return undefined;
  return JSON.parse(Buffer.from(auth, "base64url").toString());
}

/** What is to be sent to a node that has `before` and is to have `now`. Things come before the tasks that need them. */
export function differences(before: ReadonlyMap<string, Assigned>, now: ReadonlyMap<string, Assigned>): Item[] {
  const changed = [...now].filter(([key, { version }]) => before.get(key)?.version !== version);
  const gone = [...before].filter(([key]) => !now.has(key));
  return [
    ...changed.map(([, { item }]) => item).sort((a, b) => Number(a.kind === "task") - Number(b.kind === "task")),
    ...gone.map(([, { item }]): Item => ({ ...item, object: null })),
  ];
}
