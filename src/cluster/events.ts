import type { ManagerDeps } from "./deps.ts";
import { nameOf } from "./find.ts";
import type { NodeObject, ServiceObject } from "./model/objects.ts";
import type { Change, ClusterState } from "./model/state.ts";

/** What events tell of by its old value and its new one, by attribute (`replicas`). */
type Told = Record<string, string>;

/**
 * Publishes what happens to nodes, services, networks, secrets and configs, with scope `swarm`, on this manager.
 * Returns what ends that.
 */
export function publishChanges({ store, events }: ManagerDeps): () => void {
  const known = new Map<string, { name: string; told: Told }>();
  const key = (kind: string, id: string) => `${kind} ${id}`;

  const publish = (kind: EventKind, id: string) => {
    const before = known.get(key(kind, id));
    const now = see(store.state, kind, id);
    const actor = (attributes: Told) => ({
      ID: id,
      Attributes: { name: now?.name ?? before?.name ?? "", ...attributes },
    });
    if (now) known.set(key(kind, id), now);
    else known.delete(key(kind, id));
    if (!now && !before) return;
    const action = !now ? "remove" : before ? "update" : "create";
    const attributes = now && before ? differences(before.told, now.told) : {};
    // A node's own reports come often, and mostly say nothing new.
    events.publish(kind, action, actor(attributes), "swarm");
  };

  for (const kind of eventKinds) {
    for (const { ID } of store.state.all(kind)) {
      const seen = see(store.state, kind, ID);
      if (seen) known.set(key(kind, ID), seen);
    }
  }
  return store.onChange((changes) => {
    const seen = new Set<string>();
    for (const change of changes) {
      const subject = subjectOf(change);
      if (!subject || seen.has(key(...subject))) continue;
      seen.add(key(...subject));
      const [kind, id] = subject;
      const before = known.get(key(kind, id));
      const derived = change.kind === "node-report" || change.kind === "rollout";
      if (derived && (!before || sameTold(before.told, see(store.state, kind, id)?.told))) continue;
      publish(kind, id);
    }
  });
}

const eventKinds = ["node", "service", "network", "secret", "config"] as const;
type EventKind = (typeof eventKinds)[number];

/** What a change is about. */
function subjectOf({ kind, id }: Change): [EventKind, string] | null {
  if (kind === "node-report") return ["node", id];
  if (kind === "rollout") return ["service", id];
  const known = eventKinds.find((each) => each === kind);
  return known ? [known, id] : null;
}

function see(state: ClusterState, kind: EventKind, id: string): { name: string; told: Told } | null {
  const object = state.get(kind, id);
  if (!object) return null;
  const name = nameOf(state, kind, id);
  if (kind === "node") return { name, told: toldOfNode(state, state.get("node", id)) };
  if (kind === "service") return { name, told: toldOfService(state, state.get("service", id)) };
  return { name, told: {} };
}

function toldOfNode(state: ClusterState, node: NodeObject | undefined): Told {
  if (!node) return {};
  const { Role, Availability } = node.Spec;
  return {
    state: state.get("node-report", node.ID)?.Status.State ?? "unknown",
    role: Role,
    availability: Availability,
  };
}

function toldOfService(state: ClusterState, service: ServiceObject | undefined): Told {
  if (!service) return {};
  const replicas = service.Spec.Mode?.Replicated?.Replicas;
  return {
    ...(replicas !== undefined && { replicas: String(replicas) }),
    updatestate: state.get("rollout", service.ID)?.UpdateStatus?.State ?? "",
  };
}

const sameTold = (a: Told, b: Told = {}): boolean => JSON.stringify(a) === JSON.stringify(b);

/** `x.new` and `x.old` of what has changed; what there was not before, or is not now, is left out. */
function differences(before: Told, now: Told): Told {
  return Object.fromEntries(
    Object.entries(now).flatMap(([key, value]) => {
      const old = before[key] ?? "";
      if (old === value) return [];
      return [...(value ? [[`${key}.new`, value]] : []), ...(old ? [[`${key}.old`, old]] : [])];
    }),
  );
}
