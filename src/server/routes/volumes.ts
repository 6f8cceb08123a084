import { Filters, parseFilters } from "../../api/filters.ts";
import { unavailable } from "../../lib/errors.ts";
import { createVolume } from "../../volume/create.ts";
import { inspectVolume } from "../../volume/inspect.ts";
import { listVolumes } from "../../volume/list.ts";
import { pruneVolumes } from "../../volume/prune.ts";
import { removeVolume } from "../../volume/remove.ts";
import { api } from "../compat/version.ts";
import { empty, json } from "../http/reply.ts";
import type { ApiRequest, Handler, Route } from "../http/router.ts";
import { requireJson } from "../schema/body.ts";
import { volumeCreateRequest } from "../schema/volume.ts";
import { notASwarmManager } from "./swarm.ts";

const name = ({ params }: ApiRequest): string => params["name"] ?? "";

const list: Handler = async (ctx, { query }) => json(200, await listVolumes(ctx.volumes, parseFilters(query.get("filters"))));

const create: Handler = async (ctx, request) => {
  const body = await requireJson(request, volumeCreateRequest, "CreateRequest");
  if (body.ClusterVolumeSpec && request.version >= api("1.42")) throw notASwarmManager();
  return json(201, await createVolume(ctx.volumes, body));
};

const inspect: Handler = async (ctx, request) => json(200, await inspectVolume(ctx.volumes, name(request)));

const update: Handler = () => {
  throw unavailable("volume update only valid for cluster volumes, but swarm is unavailable");
};

const remove: Handler = async (ctx, request) => {
  await removeVolume(ctx.volumes, name(request), { force: request.query.bool("force") });
  return empty(204);
};

/** Clients older than 1.42 mean named volumes too. */
const prune: Handler = async (ctx, { query, version }) => {
  const asked = parseFilters(query.get("filters"));
  const filters = version < api("1.42") ? new Filters([...asked.keys().map((key) => [key, asked.get(key)] as const), ["all", ["true"]]]) : asked;
  return json(200, await pruneVolumes(ctx.volumes, filters));
};

export const volumeRoutes: readonly Route[] = [
  { id: "VolumeList", method: "GET", path: "/volumes", handle: list },
  { id: "VolumeCreate", method: "POST", path: "/volumes/create", handle: create },
  { id: "VolumePrune", method: "POST", path: "/volumes/prune", since: "1.25", handle: prune },
  { id: "VolumeInspect", method: "GET", path: "/volumes/{name:*}", handle: inspect },
  { id: "VolumeUpdate", method: "PUT", path: "/volumes/{name:*}", since: "1.42", handle: update },
  { id: "VolumeDelete", method: "DELETE", path: "/volumes/{name:*}", handle: remove },
];
