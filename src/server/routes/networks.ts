import { parseFilters } from "../../api/filters.ts";
import { connectContainer, disconnectContainer } from "../../container/connect.ts";
import { invalid } from "../../lib/errors.ts";
import { createNetwork } from "../../network/create.ts";
import { inspectNetwork } from "../../network/inspect.ts";
import { listNetworks } from "../../network/list.ts";
import { pruneNetworks } from "../../network/prune.ts";
import { removeNetwork } from "../../network/remove.ts";
import { api } from "../compat/version.ts";
import { empty, json } from "../http/reply.ts";
import type { ApiRequest, Handler, Route } from "../http/router.ts";
import { requireJson } from "../schema/body.ts";
import { connectRequest, disconnectRequest, networkCreateRequest } from "../schema/network.ts";

const id = ({ params }: ApiRequest): string => params["id"] ?? "";

const list: Handler = async (ctx, { query }) => json(200, await listNetworks(ctx.networks, parseFilters(query.get("filters"))));

const inspect: Handler = async (ctx, request) => {
  const verbose = request.query.get("verbose");
  if (verbose !== "" && !/^(?:1|0|t|f|true|false)$/i.test(verbose)) {
    throw invalid(`invalid value for verbose: ${verbose}: strconv.ParseBool: parsing ${JSON.stringify(verbose)}: invalid syntax`);
  }
  const scope = request.query.get("scope");
  return json(200, await inspectNetwork(ctx.networks, id(request), scope ? { scope } : {}));
};

const create: Handler = async (ctx, request) => {
  const body = await requireJson(request, networkCreateRequest, "CreateRequest");
  if (request.version < api("1.48")) delete body.EnableIPv4;
  return json(201, await createNetwork(ctx.networks, body));
};

const remove: Handler = async (ctx, request) => {
  await removeNetwork(ctx.networks, id(request));
  return empty(204);
};

const connect: Handler = async (ctx, request) => {
  const body = await requireJson(request, connectRequest, "ConnectRequest");
  if (request.version < api("1.54")) delete body.EndpointConfig?.MacAddress;
  await connectContainer(ctx.containers, id(request), body);
  return empty(200);
};

const disconnect: Handler = async (ctx, request) => {
  await disconnectContainer(ctx.containers, id(request), await requireJson(request, disconnectRequest, "DisconnectRequest"));
  return empty(200);
};

const prune: Handler = async (ctx, { query }) => json(200, await pruneNetworks(ctx.networks, parseFilters(query.get("filters"))));

export const networkRoutes: readonly Route[] = [
  { id: "NetworkList", method: "GET", path: "/networks", handle: list },
  { id: "NetworkList", method: "GET", path: "/networks/", handle: list },
  { id: "NetworkCreate", method: "POST", path: "/networks/create", handle: create },
  { id: "NetworkPrune", method: "POST", path: "/networks/prune", since: "1.25", handle: prune },
  { id: "NetworkInspect", method: "GET", path: "/networks/{id}", handle: inspect },
  { id: "NetworkDelete", method: "DELETE", path: "/networks/{id}", handle: remove },
  { id: "NetworkConnect", method: "POST", path: "/networks/{id}/connect", handle: connect },
  { id: "NetworkDisconnect", method: "POST", path: "/networks/{id}/disconnect", handle: disconnect },
];
