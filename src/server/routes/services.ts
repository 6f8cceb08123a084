import { parseFilters } from "../../api/filters.ts";
import { serviceSpec } from "../../api/schema/service.ts";
import { createService } from "../../cluster/services/create.ts";
import { removeService } from "../../cluster/services/remove.ts";
import { updateService } from "../../cluster/services/update.ts";
import { inspectService, listServices } from "../../cluster/services/view.ts";
import { inspectTask, listTasks } from "../../cluster/tasks/view.ts";
import { invalid } from "../../lib/errors.ts";
import { empty, json } from "../http/reply.ts";
import type { ApiRequest, Handler, Route } from "../http/router.ts";
import { requireJson } from "../schema/body.ts";
import { seenVersion } from "../schema/object-version.ts";

const id = ({ params }: ApiRequest): string => params["id"] ?? "";
const auth = ({ headers }: ApiRequest): string => headers.get("x-registry-auth") ?? "";

const list: Handler = ({ swarm }, { query }) => {
  const filters = parseFilters(query.get("filters"));
  return json(200, listServices(swarm.manager().store.state, filters, { status: query.bool("status") }));
};

const create: Handler = async ({ swarm }, request) => {
  const spec = await requireJson(request, serviceSpec, "ServiceSpec");
  return json(201, await createService(swarm.manager(), spec, auth(request)));
};

const inspect: Handler = ({ swarm }, request) => {
  const insertDefaults = request.query.bool("insertDefaults");
  return json(200, inspectService(swarm.manager().store.state, id(request), insertDefaults));
};

const update: Handler = async ({ swarm }, request) => {
  const { query } = request;
  const spec = await requireJson(request, serviceSpec, "ServiceSpec");
  const seen = seenVersion(request, "service");
  const rollback = query.get("rollback");
  if (rollback && rollback !== "previous" && rollback !== "none")
    throw invalid(`unrecognized rollback option ${rollback}`);
  const options = {
    seen,
    auth: auth(request),
    authFrom: query.get("registryAuthFrom") === "previous-spec" ? ("previous-spec" as const) : ("spec" as const),
    rollback: rollback === "previous",
  };
  return json(200, await updateService(swarm.manager(), id(request), spec, options));
};

const remove: Handler = async ({ swarm }, request) => {
  await removeService(swarm.manager(), id(request));
  return empty(200);
};

const tasks: Handler = ({ swarm }, { query }) =>
  json(200, listTasks(swarm.manager().store.state, parseFilters(query.get("filters"))));

const task: Handler = ({ swarm }, request) => json(200, inspectTask(swarm.manager().store.state, id(request)));

/** `/services` and `/tasks`. Outside of a swarm each answers 503. */
export const serviceRoutes: readonly Route[] = [
  { id: "ServiceList", method: "GET", path: "/services", handle: list },
  { id: "ServiceCreate", method: "POST", path: "/services/create", handle: create },
  { id: "ServiceInspect", method: "GET", path: "/services/{id}", handle: inspect },
  { id: "ServiceDelete", method: "DELETE", path: "/services/{id}", handle: remove },
  { id: "ServiceUpdate", method: "POST", path: "/services/{id}/update", handle: update },
  { id: "TaskList", method: "GET", path: "/tasks", handle: tasks },
  { id: "TaskInspect", method: "GET", path: "/tasks/{id}", handle: task },
];
