import type { Filters } from "../../api/filters.ts";
import type { Config, Secret } from "../../api/types/swarm.ts";
import { find } from "../find.ts";
import type { ConfigObject, SecretObject } from "../model/objects.ts";
import type { ClusterState } from "../model/state.ts";
import type { SecretKind } from "./kind.ts";

/** As clients see one: a secret's data never goes out. */
function viewSecret({ ID, Version, CreatedAt, UpdatedAt, Spec }: SecretObject | ConfigObject, kind: SecretKind) {
  const { Data, ...rest } = Spec;
  return { ID, Version, CreatedAt, UpdatedAt, Spec: kind === "secret" ? rest : { ...rest, Data } };
}

/** `GET /secrets/{id}`, `GET /configs/{id}`. Throws `not-found`. */
export const inspectSecret = (state: ClusterState, kind: SecretKind, ref: string): Secret | Config =>
  viewSecret(find(state, kind, ref), kind);

/** `GET /secrets`, `GET /configs`. Throws `invalid` on an unknown filter. */
export function listSecrets(state: ClusterState, kind: SecretKind, filters: Filters): (Secret | Config)[] {
  filters.validate(["names", "name", "id", "label"]);
  return [...state.all(kind)]
    .filter(
      ({ ID, Spec }) =>
        filters.matchPrefix("id", ID) &&
        filters.matchAny("name", (value) => Spec.Name.includes(value)) &&
        filters.matchExact("names", Spec.Name) &&
        filters.matchLabels(Spec.Labels),
    )
    .map((each) => viewSecret(each, kind));
}
