import type { SecretSpec } from "../../api/types/swarm.ts";
import { conflict, invalid } from "../../lib/errors.ts";
import type { ManagerDeps } from "../deps.ts";
import { newClusterId, type SecretObject } from "../model/objects.ts";
import { guarded } from "../store/guarded.ts";

const largest = 500 * 1024;
const names = /^[a-zA-Z0-9]+(?:[a-zA-Z0-9-_.]*[a-zA-Z0-9])?$/;

/**
 * A new secret, on all managers and no other node until a task needs it. Returns its id. Throws `invalid` on a name or
 * data that cannot be, `conflict` where the name is taken.
 */
export async function createSecret({ store }: ManagerDeps, spec: SecretSpec): Promise<{ ID: string }> {
  const object = { ID: newClusterId(), Spec: completeSpec(spec) };
  await guarded(store, (state) => {
    for (const { Spec } of state.all("secret")) {
      if (Spec.Name === object.Spec.Name) throw conflict(`secret ${Spec.Name} already exists`);
    }
    return [{ put: "secret", object, at: 0 }];
  });
  return { ID: object.ID };
}

function completeSpec(spec: SecretSpec): SecretObject["Spec"] {
  const { Name = "", Labels = {}, Data = "" } = spec;
  if (Name === "") throw invalid("name must be provided");
  if (Name.length > 64 || !names.test(Name))
    throw invalid(
      "invalid name, only 64 [a-zA-Z0-9-_.] characters allowed, and the start and end character must be [a-zA-Z0-9]",
    );
  const size = Buffer.from(Data, "base64").length;
  if (!spec.Driver && (size === 0 || size >= largest))
    throw invalid(`secret data must be larger than 0 and less than ${largest} bytes`);
  return { ...spec, Name, Labels, Data };
}
