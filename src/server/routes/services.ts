import { parseFilters } from "../../api/filters.ts";
import { removeService } from "../../cluster/services/remove.ts";
import { inspectService, listServices } from "../../cluster/services/view.ts";
import { inspectTask, listTasks } from "../../cluster/tasks/view.ts";
import { empty, json } from "../http/reply.ts";
import type { ApiRequest, Handler, Route } from "../http/router.ts";

const id = ({ params }: ApiRequest): string => params["id"] ?? "";

const list: Handler = ({ swarm }, { query }) => {
  const filters = parseFilters(query.get("filters"));
  return json(200, listServices(swarm.manager().store.state, filters, { status: query.bool("status") }));
};

const inspect: Handler = ({ swarm }, request) => {
  const insertDefaults = request.query.bool("insertDefaults");
  return json(200, inspectService(swarm.manager().store.state, id(request), insertDefaults));
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
  { id: "ServiceInspect", method: "GET", path: "/services/{id}", handle: inspect },
  { id: "ServiceDelete", method: "DELETE", path: "/services/{id}", handle: remove },
  { id: "TaskList", method: "GET", path: "/tasks", handle: tasks },
  { id: "TaskInspect", method: "GET", path: "/tasks/{id}", handle: task },
];
