import type { ManagerDeps } from "../deps.ts";
import { find } from "../find.ts";
import { guarded } from "../store/guarded.ts";

/** `DELETE /services/{id}`. Its tasks go after it, by the leader's hand. Throws `not-found`. */
export async function removeService({ store }: ManagerDeps, ref: string): Promise<void> {
  await guarded(store, (state) => {
    const { ID, Version } = find(state, "service", ref);
    return [
      { remove: "service", id: ID, at: Version.Index },
      { remove: "rollout", id: ID },
      { remove: "credentials", id: ID },
    ];
  });
}
