import { parseFilters } from "../../api/filters.ts";
import { nodeSpec, swarmInitRequest, swarmJoinRequest, swarmSpec, swarmUnlockRequest } from "../../api/schema/swarm.ts";
import { inspectSwarm } from "../../cluster/inspect.ts";
import { removeNode } from "../../cluster/nodes/remove.ts";
import { updateNode } from "../../cluster/nodes/update.ts";
import { inspectNode, listNodes } from "../../cluster/nodes/view.ts";
import { empty, json } from "../http/reply.ts";
import type { ApiRequest, Handler, Route } from "../http/router.ts";
import { requireJson } from "../schema/body.ts";
import { seenVersion } from "../schema/object-version.ts";

const id = ({ params }: ApiRequest): string => params["id"] ?? "";

const init: Handler = async ({ swarm }, request) =>
  json(200, await swarm.init(await requireJson(request, swarmInitRequest, "InitRequest")));

const join: Handler = async ({ swarm }, request) => {
  await swarm.join(await requireJson(request, swarmJoinRequest, "JoinRequest"));
  return empty(200);
};

const leave: Handler = async ({ swarm }, { query }) => {
  await swarm.leave(query.bool("force"));
  return empty(200);
};

const inspect: Handler = ({ swarm }) => json(200, inspectSwarm(swarm.manager().store.state));

const update: Handler = async ({ swarm }, request) => {
  const { query } = request;
  const version = seenVersion(request, "swarm");
  await swarm.update(version, await requireJson(request, swarmSpec, "Spec"), {
    workerToken: query.bool("rotateWorkerToken"),
    managerToken: query.bool("rotateManagerToken"),
    managerUnlockKey: query.bool("rotateManagerUnlockKey"),
  });
  return empty(200);
};

const unlockKey: Handler = async ({ swarm }) => json(200, { UnlockKey: await swarm.unlockKey() });

const unlock: Handler = async ({ swarm }, request) => {
  await swarm.unlock((await requireJson(request, swarmUnlockRequest, "UnlockRequest")).UnlockKey ?? "");
  return empty(200);
};

const nodes: Handler = ({ swarm }, { query }) =>
  json(200, listNodes(swarm.manager(), parseFilters(query.get("filters"))));

const node: Handler = ({ swarm }, request) => json(200, inspectNode(swarm.manager(), id(request)));

const changeNode: Handler = async ({ swarm }, request) => {
  const version = seenVersion(request, "node");
  await updateNode(swarm.manager(), id(request), version, await requireJson(request, nodeSpec, "NodeSpec"));
  return empty(200);
};

const dropNode: Handler = async ({ swarm }, request) => {
  await removeNode(swarm.manager(), id(request), request.query.bool("force"));
  return empty(200);
};

/** `/swarm` and `/nodes`. Outside of a swarm each answers 503. */
export const swarmRoutes: readonly Route[] = [
  { id: "SwarmInit", method: "POST", path: "/swarm/init", handle: init },
  { id: "SwarmJoin", method: "POST", path: "/swarm/join", handle: join },
  { id: "SwarmLeave", method: "POST", path: "/swarm/leave", handle: leave },
  { id: "SwarmInspect", method: "GET", path: "/swarm", handle: inspect },
  { id: "SwarmUpdate", method: "POST", path: "/swarm/update", handle: update },
  { id: "SwarmUnlockkey", method: "GET", path: "/swarm/unlockkey", handle: unlockKey },
  { id: "SwarmUnlock", method: "POST", path: "/swarm/unlock", handle: unlock },
  { id: "NodeList", method: "GET", path: "/nodes", handle: nodes },
  { id: "NodeInspect", method: "GET", path: "/nodes/{id}", handle: node },
  { id: "NodeDelete", method: "DELETE", path: "/nodes/{id}", handle: dropNode },
  { id: "NodeUpdate", method: "POST", path: "/nodes/{id}/update", handle: changeNode },
];
