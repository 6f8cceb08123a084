import { parseFilters } from "../../api/filters.ts";
import type { Schema } from "../../api/schema/schema.ts";
import { configSpec, secretSpec } from "../../api/schema/swarm.ts";
import type { ConfigSpec, SecretSpec } from "../../api/types/swarm.ts";
import { createSecret } from "../../cluster/secrets/create.ts";
import type { SecretKind } from "../../cluster/secrets/kind.ts";
import { removeSecret } from "../../cluster/secrets/remove.ts";
import { updateSecret } from "../../cluster/secrets/update.ts";
import { inspectSecret, listSecrets } from "../../cluster/secrets/view.ts";
import { empty, json } from "../http/reply.ts";
import type { ApiRequest, Handler, Route } from "../http/router.ts";
import { requireJson } from "../schema/body.ts";
import { seenVersion } from "../schema/object-version.ts";

const id = ({ params }: ApiRequest): string => params["id"] ?? "";

/** The same calls for both kinds. */
function routesOf(kind: SecretKind, name: string, schema: Schema<SecretSpec & ConfigSpec>, since: string): Route[] {
  const path = `/${kind}s`;
  const list: Handler = ({ swarm }, { query }) =>
    json(200, listSecrets(swarm.manager().store.state, kind, parseFilters(query.get("filters"))));
  const create: Handler = async ({ swarm }, request) =>
    json(201, await createSecret(swarm.manager(), kind, await requireJson(request, schema, `${name}Spec`)));
  const inspect: Handler = ({ swarm }, request) =>
    json(200, inspectSecret(swarm.manager().store.state, kind, id(request)));
  const remove: Handler = async ({ swarm }, request) => {
    await removeSecret(swarm.manager(), kind, id(request));
    return empty(204);
  };
  const update: Handler = async ({ swarm }, request) => {
    const version = seenVersion(request, kind);
    await updateSecret(swarm.manager(), kind, id(request), version, await requireJson(request, schema, `${name}Spec`));
    return empty(200);
  };
  return [
    { id: `${name}List`, method: "GET", path, since, handle: list },
    { id: `${name}Create`, method: "POST", path: `${path}/create`, since, handle: create },
    { id: `${name}Inspect`, method: "GET", path: `${path}/{id}`, since, handle: inspect },
    { id: `${name}Delete`, method: "DELETE", path: `${path}/{id}`, since, handle: remove },
    { id: `${name}Update`, method: "POST", path: `${path}/{id}/update`, since, handle: update },
  ];
}

/** `/secrets` and `/configs`. Outside of a swarm each answers 503. */
export const secretRoutes: readonly Route[] = [
  ...routesOf("secret", "Secret", secretSpec, "1.25"),
  ...routesOf("config", "Config", configSpec, "1.30"),
];
