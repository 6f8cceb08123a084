import { invalid, notFound } from "../lib/errors.ts";
import type { Kinds } from "./model/objects.ts";
import type { ClusterState } from "./model/state.ts";

/** Kinds that clients name. */
export type NamedKind = "node" | "service" | "task" | "secret" | "config" | "network";

/**
 * What a client means: an id, else a name, else the beginning of one id. Throws `not-found` (`service x not found`)
 * and, where a name or beginning is that of several, `invalid`.
 */
export function find<K extends NamedKind>(state: ClusterState, kind: K, ref: string): Kinds[K] {
  const exact = state.get(kind, ref);
  if (exact) return exact;
  const all = [...state.all(kind)];
  for (const matches of [
    all.filter(({ ID }) => nameOf(state, kind, ID) === ref),
    ref === "" ? [] : all.filter(({ ID }) => ID.startsWith(ref)),
  ]) {
    const [first] = matches;
    if (matches.length > 1) throw invalid(`${kind} ${ref} is ambiguous (${matches.length} matches found)`);
    if (first) return first;
  }
  throw notFound(`${kind} ${ref} not found`);
}

/** The name that people know an object by; empty: it has none, or there is no such object. */
export function nameOf(state: ClusterState, kind: NamedKind, id: string): string {
  switch (kind) {
    case "node":
      return state.get("node-report", id)?.Description.Hostname ?? "";
    case "network":
      return state.get("network", id)?.Name ?? "";
    case "task": {
      const task = state.get("task", id);
      return task ? `${task.ServiceName}.${task.Slot < 0 ? task.NodeID : task.Slot}.${task.ID}` : "";
    }
    default:
      return state.get(kind, id)?.Spec.Name ?? "";
  }
}
