import type { ConfigSpec, SecretSpec } from "../../api/types/swarm.ts";
import { invalid } from "../../lib/errors.ts";
import type { ManagerDeps } from "../deps.ts";
import { find } from "../find.ts";
import { commitOver } from "../store/guarded.ts";
import { draftOf, requireVersion } from "../version.ts";
import type { SecretKind } from "./kind.ts";

/**
 * Other labels for a secret or config; nothing else of one changes. `seen`: the version that the client has. Throws
 * `not-found`, `conflict` where it has changed since, `invalid` where anything but the labels is to be another.
 */
export async function updateSecret(
  { store }: ManagerDeps,
  kind: SecretKind,
  ref: string,
  seen: number,
  spec: SecretSpec & ConfigSpec,
): Promise<void> {
  await commitOver(store, (state) => {
    const found = find(state, kind, ref);
    requireVersion(found, seen);
    const { Name, Data } = found.Spec;
    if ((spec.Name ?? Name) !== Name || (spec.Data && spec.Data !== Data))
      throw invalid("only updates to Labels are allowed");
    const object = { ...draftOf(found), Spec: { ...found.Spec, Labels: spec.Labels ?? {} } };
    return [{ put: kind, object, at: seen }];
  });
}
