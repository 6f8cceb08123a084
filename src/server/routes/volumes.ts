import { type Filters, parseFilters } from "../../api/filters.ts";
import { volumeCreateRequest } from "../../api/schema/volume.ts";
import { notASwarmManager } from "../../cluster/not-here.ts";
import { errorMessage, invalid, unavailable } from "../../lib/errors.ts";
import { seedVolume } from "../../storage/seed.ts";
import { createVolume } from "../../volume/create.ts";
import { inspectVolume } from "../../volume/inspect.ts";
import { listVolumes } from "../../volume/list.ts";
import { pruneVolumes } from "../../volume/prune.ts";
import { removeVolume } from "../../volume/remove.ts";
import { api } from "../compat/version.ts";
import { empty, json } from "../http/reply.ts";
import type { ApiRequest, Handler, Route } from "../http/router.ts";
import { requireJson } from "../schema/body.ts";

const name = ({ params }: ApiRequest): string => params["name"] ?? "";

const list: Handler = async (deps, { query }) =>
  json(200, await listVolumes(deps.volumes, listFilters(query.get("filters"))));

function listFilters(text: string): Filters {
  try {
    return parseFilters(text);
  } catch (error) {
    throw invalid(`error reading volume filters: ${errorMessage(error)}`, error);
  }
}

const create: Handler = async (deps, request) => {
  const body = await requireJson(request, volumeCreateRequest, "CreateRequest");
  if (body.ClusterVolumeSpec && request.version >= api("1.42")) throw notASwarmManager();
  return json(201, await (body.FromImage ? seedVolume(deps, body) : createVolume(deps.volumes, body)));
};

const inspect: Handler = async (deps, request) => json(200, await inspectVolume(deps.volumes, name(request)));

const update: Handler = () => {
  throw unavailable("volume update only valid for cluster volumes, but swarm is unavailable");
};

const remove: Handler = async (deps, request) => {
  await removeVolume(deps.volumes, name(request), { force: request.query.bool("force") });
  return empty(204);
};

/** Clients older than 1.42 mean named volumes too. */
const prune: Handler = async (deps, { query, version }) => {
  const asked = parseFilters(query.get("filters"));
  const filters = version < api("1.42") ? asked.with("all", ["true"]) : asked;
  return json(200, await pruneVolumes(deps.volumes, filters));
};

/** `/volumes`. A name in a path may hold slashes. */
export const volumeRoutes: readonly Route[] = [
  { id: "VolumeList", method: "GET", path: "/volumes", handle: list },
  { id: "VolumeCreate", method: "POST", path: "/volumes/create", handle: create },
  { id: "VolumePrune", method: "POST", path: "/volumes/prune", since: "1.25", handle: prune },
  { id: "VolumeInspect", method: "GET", path: "/volumes/{name:*}", handle: inspect },
  { id: "VolumeUpdate", method: "PUT", path: "/volumes/{name:*}", since: "1.42", handle: update },
  { id: "VolumeDelete", method: "DELETE", path: "/volumes/{name:*}", handle: remove },
];
