import { parseFilters } from "../../api/filters.ts";
import { connectRequest, disconnectRequest, networkCreateRequest } from "../../api/schema/network.ts";
import { createClusterNetwork } from "../../cluster/networks/create.ts";
import { clusterNetworks, isOfCluster } from "../../cluster/networks/list.ts";
import { removeClusterNetwork } from "../../cluster/networks/remove.ts";
import { connectContainer, disconnectContainer } from "../../container/network/connect.ts";
import { invalid } from "../../lib/errors.ts";
import { checkNetworks } from "../../network/check/check.ts";
import { createNetwork } from "../../network/create.ts";
import { inspectNetwork } from "../../network/inspect.ts";
import { listNetworks } from "../../network/list.ts";
import { pruneNetworks } from "../../network/prune.ts";
import { removeNetwork } from "../../network/remove.ts";
import { findNetwork } from "../../network/resolve.ts";
import { api } from "../compat/version.ts";
import { empty, json } from "../http/reply.ts";
import type { ApiRequest, Handler, Route } from "../http/router.ts";
import { requireJson } from "../schema/body.ts";

const id = ({ params }: ApiRequest): string => params["id"] ?? "";

const list: Handler = async (deps, { query }) =>
  json(200, await listNetworks(deps.networks, parseFilters(query.get("filters")), clusterNetworks(deps.swarm)));

const inspect: Handler = async (deps, request) => {
  const verbose = request.query.get("verbose");
  if (verbose !== "" && !/^(?:1|0|t|f|true|false)$/i.test(verbose)) {
    throw invalid(
      `invalid value for verbose: ${verbose}: strconv.ParseBool: parsing ${JSON.stringify(verbose)}: invalid syntax`,
    );
  }
  const scope = request.query.get("scope");
  const others = clusterNetworks(deps.swarm);
  return json(200, inspectNetwork(deps.networks, id(request), { others, ...(scope && { scope }) }));
};

const create: Handler = async (deps, request) => {
  const body = await requireJson(request, networkCreateRequest, "CreateRequest");
  if (request.version < api("1.48")) delete body.EnableIPv4;
  const reply = isOfCluster(deps.swarm, body)
    ? await createClusterNetwork(deps.swarm.manager(), body)
    : await createNetwork(deps.networks, body);
  return json(201, reply);
};

const remove: Handler = async (deps, request) => {
  const ref = id(request);
  const found = findNetwork(deps.networks, ref, clusterNetworks(deps.swarm));
  if (found?.Scope === "swarm") await removeClusterNetwork(deps.swarm.manager(), found.Id);
  else await removeNetwork(deps.networks, ref);
  return empty(204);
};

const connect: Handler = async (deps, request) => {
  const body = await requireJson(request, connectRequest, "ConnectRequest");
  await connectContainer(deps.containers, id(request), body);
  return empty(200);
};

const disconnect: Handler = async (deps, request) => {
  await disconnectContainer(
    deps.containers,
    id(request),
    await requireJson(request, disconnectRequest, "DisconnectRequest"),
  );
  return empty(200);
};

const prune: Handler = async (deps, { query }) =>
  json(200, await pruneNetworks(deps.networks, parseFilters(query.get("filters"))));

const check: Handler = async (deps) => json(200, await checkNetworks(deps.networks, { repair: false }));

const repair: Handler = async (deps) => json(200, await checkNetworks(deps.networks, { repair: true }));

/** `/networks`, with and without a slash at the end, and Berth's own check and repair. */
export const networkRoutes: readonly Route[] = [
  { id: "NetworkList", method: "GET", path: "/networks", handle: list },
  { id: "NetworkList", method: "GET", path: "/networks/", handle: list },
  { id: "NetworkCreate", method: "POST", path: "/networks/create", handle: create },
  { id: "NetworkPrune", method: "POST", path: "/networks/prune", since: "1.25", handle: prune },
  { id: "NetworkInspect", method: "GET", path: "/networks/{id}", handle: inspect },
  { id: "NetworkDelete", method: "DELETE", path: "/networks/{id}", handle: remove },
  { id: "NetworkConnect", method: "POST", path: "/networks/{id}/connect", handle: connect },
  { id: "NetworkDisconnect", method: "POST", path: "/networks/{id}/disconnect", handle: disconnect },
  // Of our own: no path of Docker's begins so.
  { id: "BerthNetworkCheck", method: "GET", path: "/berth/networks/check", handle: check },
  { id: "BerthNetworkRepair", method: "POST", path: "/berth/networks/repair", handle: repair },
];
