import type { ConfigSpec, SecretSpec } from "../../api/types/swarm.ts";
import { conflict, invalid } from "../../lib/errors.ts";
import type { ManagerDeps } from "../deps.ts";
import { newClusterId } from "../model/objects.ts";
import { guarded } from "../store/guarded.ts";
import { completeSpec, type SecretKind } from "./kind.ts";

/**
 * A new secret or config, on all managers and no other node until a task needs it. Returns its id. Throws `invalid` on
 * a name or data that cannot be, `conflict` where the name is taken.
 */
export async function createSecret(
  { store }: ManagerDeps,
  kind: SecretKind,
  spec: SecretSpec & ConfigSpec,
): Promise<{ ID: string }> {
  if (spec.Driver) throw invalid(`secret driver ${JSON.stringify(spec.Driver.Name)} is not known`);
  const object = { ID: newClusterId(), Spec: completeSpec(kind, spec) };
  await guarded(store, (state) => {
    for (const { Spec } of state.all(kind)) {
      if (Spec.Name === object.Spec.Name) throw conflict(`${kind} ${Spec.Name} already exists`);
    }
    return [{ put: kind, object, at: 0 }];
  });
  return { ID: object.ID };
}
