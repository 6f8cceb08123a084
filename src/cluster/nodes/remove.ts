import { invalid } from "../../lib/errors.ts";
import type { ManagerDeps } from "../deps.ts";
import { find } from "../find.ts";
import { guarded } from "../store/guarded.ts";

/**
 * Strikes a node from the cluster: its certificate is worth nothing from then on. Throws `not-found`, and `invalid`
 * where it is a manager, or is up and `force` does not say that it is to go all the same.
 */
export async function removeNode({ store }: ManagerDeps, ref: string, force: boolean): Promise<void> {
  await guarded(store, (state) => {
    const { ID, Spec, Version } = find(state, "node", ref);
    if (Spec.Role === "manager")
      throw invalid(
        `node ${ID} is a cluster manager and is a member of the raft cluster. It must be demoted to worker before ` +
          "removal",
      );
    if (!force && state.get("node-report", ID)?.Status.State === "ready")
      throw invalid(`node ${ID} is not down and can't be removed`);
    return [
      { remove: "node", id: ID, at: Version.Index },
      { remove: "node-report", id: ID },
    ];
  });
}
