import type { NodeSpec } from "../../api/types/swarm.ts";
import { conflict, invalid } from "../../lib/errors.ts";
import type { ManagerDeps } from "../deps.ts";
import { find } from "../find.ts";
import type { NodeObject } from "../model/objects.ts";
import type { ClusterState } from "../model/state.ts";
import { guarded } from "../store/guarded.ts";
import { draftOf, requireVersion } from "../version.ts";

/**
 * Labels, availability and role of a node. What a role means for its membership is reconciled from here. `seen`: the
 * version that the client has. Throws `not-found`, `conflict` where it has changed since or is the last manager.
 */
export async function updateNode({ store }: ManagerDeps, ref: string, seen: number, spec: NodeSpec): Promise<void> {
  await guarded(store, (state) => {
    const found = find(state, "node", ref);
    requireVersion(found, seen);
    if (!spec.Role) throw invalid(`invalid Role: ${JSON.stringify(spec.Role ?? "")}`);
    if (!spec.Availability) throw invalid(`invalid Availability: ${JSON.stringify(spec.Availability ?? "")}`);
    if (found.Spec.Role === "manager" && spec.Role === "worker") requireOthers(state, found);
    const Spec: NodeObject["Spec"] = {
      ...spec,
      Labels: spec.Labels ?? {},
      Role: spec.Role,
      Availability: spec.Availability,
    };
    return [{ put: "node", object: { ...draftOf(found), Spec }, at: seen }];
  });
}

/** A cluster keeps a manager, and most of its managers within reach. */
function requireOthers(state: ClusterState, leaving: NodeObject): void {
  const others = [...state.all("node")].filter(({ ID, Spec }) => Spec.Role === "manager" && ID !== leaving.ID);
  if (others.length === 0) throw conflict("attempting to demote the last manager of the swarm");
  const reachable = others.filter(({ ID }) => state.get("node-report", ID)?.Status.State === "ready");
  if (reachable.length * 2 <= others.length)
    throw conflict("can't remove member from the raft: this would result in a loss of quorum");
}
