import { invalid } from "../../lib/errors.ts";
import type { ManagerDeps } from "../deps.ts";
import { find } from "../find.ts";
import type { ServiceObject } from "../model/objects.ts";
import { guarded } from "../store/guarded.ts";
import type { SecretKind } from "./kind.ts";

/** Throws `not-found`, and `invalid` where services use it, named. */
export async function removeSecret({ store }: ManagerDeps, kind: SecretKind, ref: string): Promise<void> {
  await guarded(store, (state) => {
    const found = find(state, kind, ref);
    const users = [...state.all("service")].filter((service) => uses(service, kind, found.ID));
    if (users.length > 0)
      throw invalid(
        `${kind} '${found.Spec.Name}' is in use by the following service${users.length > 1 ? "s" : ""}: ` +
          users.map(({ Spec }) => Spec.Name).join(", "),
      );
    return [{ remove: kind, id: found.ID, at: found.Version.Index }];
  });
}

function uses({ Spec }: ServiceObject, kind: SecretKind, id: string): boolean {
  const { Secrets = [], Configs = [] } = Spec.TaskTemplate.ContainerSpec ?? {};
  return kind === "secret"
    ? Secrets.some(({ SecretID }) => SecretID === id)
    : Configs.some(({ ConfigID }) => ConfigID === id);
}
