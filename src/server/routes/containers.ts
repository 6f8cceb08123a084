import { parseFilters } from "../../api/filters.ts";
import { updateRequest } from "../../api/schema/container.ts";
import { createContainer } from "../../container/create/create.ts";
import { containerChanges } from "../../container/files/changes.ts";
import { killContainer } from "../../container/life/kill.ts";
import { pauseContainer, unpauseContainer } from "../../container/life/pause.ts";
import { pruneContainers } from "../../container/life/prune.ts";
import { removeContainer } from "../../container/life/remove.ts";
import { renameContainer } from "../../container/life/rename.ts";
import { restartContainer } from "../../container/life/restart.ts";
import { startContainer } from "../../container/life/start.ts";
import { stopContainer } from "../../container/life/stop.ts";
import { updateContainer } from "../../container/life/update.ts";
import { resizeContainer } from "../../container/streams/resize.ts";
import { inspectContainer } from "../../container/view/inspect.ts";
import { listContainers } from "../../container/view/list.ts";
import { topContainer } from "../../container/view/top.ts";
import { EngineError, errorMessage, invalid } from "../../lib/errors.ts";
import { upgradeCreate, upgradeUpdate } from "../compat/requests.ts";
import { api } from "../compat/version.ts";
import { empty, json } from "../http/reply.ts";
import type { ApiRequest, Handler, Route } from "../http/router.ts";
import { readJson, requireJson } from "../schema/body.ts";
import { createRequest } from "../schema/container.ts";

const id = ({ params }: ApiRequest): string => params["id"] ?? "";

const list: Handler = async (deps, { query }) => {
  const limit = query.int("limit");
  return json(
    200,
    await listContainers(deps.containers, {
      all: query.bool("all"),
      size: query.bool("size"),
      filters: parseFilters(query.get("filters")),
      ...(limit !== undefined && { limit }),
    }),
  );
};

const create: Handler = async (deps, request) => {
  const { query, version } = request;
  const asked = await readJson(request, createRequest, "CreateRequest");
  if (!asked && request.body.length === 0) throw invalid("invalid JSON: got EOF while reading request body");
  if (!asked || Object.keys(asked).every((key) => key === "HostConfig" || key === "NetworkingConfig")) {
    throw invalid("config cannot be empty in order to create a container");
  }
  const { body, warnings } = upgradeCreate(version, asked, { cgroupV2: deps.containers.facts.cgroupVersion === 2 });
  const platform = version >= api("1.41") ? query.get("platform") : "";
  const created = await createContainer(deps.containers, {
    body,
    shallowReadOnly: version < api("1.44"),
    ...(query.get("name") && { name: query.get("name") }),
    ...(platform && { platform }),
  });
  return json(201, { ...created, Warnings: [...warnings, ...created.Warnings] });
};

const inspect: Handler = async (deps, request) =>
  json(200, await inspectContainer(deps.containers, id(request), { size: request.query.bool("size") }));

const top: Handler = async (deps, request) =>
  json(200, await topContainer(deps.containers, id(request), request.query.get("ps_args") || undefined));

const changes: Handler = async (deps, request) =>
  json(200, await containerChanges(deps.containers, id(request), request.signal));

const resize: Handler = async (deps, request) => {
  const size = { height: request.query.uint32("h", "resize height"), width: request.query.uint32("w", "resize width") };
  await resizeContainer(deps.containers, id(request), size);
  return empty(200);
};

const start: Handler = async (deps, request) => {
  if (request.body.length === null || request.body.length > 7) {
    throw invalid("starting container with non-empty request body was deprecated since API v1.22 and removed in v1.24");
  }
  const { query } = request;
  const checkpoint = query.get("checkpoint");
  if (checkpoint !== "" && !deps.facts.experimental) throw invalid("checkpoint is only supported in experimental mode");
  await startContainer(deps.containers, id(request), {
    ...(checkpoint && { checkpoint, checkpointDir: query.get("checkpoint-dir") }),
  });
  return empty(204);
};

/** Signal and timeout of stop and restart. */
function ending({ query, version }: ApiRequest): { signal?: string; timeout?: number } {
  const timeout = query.int("t");
  const signal = version >= api("1.42") ? query.get("signal") : "";
  return { ...(signal && { signal }), ...(timeout !== undefined && { timeout }) };
}

const stop: Handler = async (deps, request) => {
  await stopContainer(deps.containers, id(request), ending(request));
  return empty(204);
};

const restart: Handler = async (deps, request) => {
  await restartContainer(deps.containers, id(request), ending(request));
  return empty(204);
};

const kill: Handler = async (deps, request) => {
  const signal = request.query.get("signal");
  try {
    await killContainer(deps.containers, id(request), signal ? { signal } : {});
  } catch (error) {
    // Docker puts the verb before what went wrong here, and only here.
    if (error instanceof EngineError)
      throw new EngineError(error.kind, prefixed(`cannot kill container: ${id(request)}`, errorMessage(error)), {
        cause: error,
      });
    throw error;
  }
  return empty(204);
};

function prefixed(prefix: string, message: string): string {
  return /^cannot kill container/i.test(message) ? message : `${prefix}: ${message}`;
}

const update: Handler = async (deps, request) => {
  const body = await requireJson(request, updateRequest, "UpdateConfig");
  return json(200, await updateContainer(deps.containers, id(request), upgradeUpdate(request.version, body)));
};

const rename: Handler = async (deps, request) => {
  await renameContainer(deps.containers, id(request), request.query.get("name"));
  return empty(204);
};

const pause: Handler = async (deps, request) => {
  await pauseContainer(deps.containers, id(request));
  return empty(204);
};

const unpause: Handler = async (deps, request) => {
  await unpauseContainer(deps.containers, id(request));
  return empty(204);
};

const remove: Handler = async (deps, request) => {
  const { query } = request;
  await removeContainer(deps.containers, id(request), {
    force: query.bool("force"),
    volumes: query.bool("v"),
    link: query.bool("link"),
  });
  return empty(204);
};

const prune: Handler = async (deps, { query }) =>
  json(200, await pruneContainers(deps.containers, parseFilters(query.get("filters"))));

/** The operations on containers whose answers are JSON or nothing. */
export const containerRoutes: readonly Route[] = [
  { id: "ContainerList", method: "GET", path: "/containers/json", handle: list },
  { id: "ContainerCreate", method: "POST", path: "/containers/create", handle: create },
  { id: "ContainerPrune", method: "POST", path: "/containers/prune", since: "1.25", handle: prune },
  { id: "ContainerInspect", method: "GET", path: "/containers/{id:*}/json", handle: inspect },
  { id: "ContainerTop", method: "GET", path: "/containers/{id:*}/top", handle: top },
  { id: "ContainerChanges", method: "GET", path: "/containers/{id:*}/changes", handle: changes },
  { id: "ContainerResize", method: "POST", path: "/containers/{id:*}/resize", handle: resize },
  { id: "ContainerStart", method: "POST", path: "/containers/{id:*}/start", handle: start },
  { id: "ContainerStop", method: "POST", path: "/containers/{id:*}/stop", handle: stop },
  { id: "ContainerRestart", method: "POST", path: "/containers/{id:*}/restart", handle: restart },
  { id: "ContainerKill", method: "POST", path: "/containers/{id:*}/kill", handle: kill },
  { id: "ContainerUpdate", method: "POST", path: "/containers/{id:*}/update", handle: update },
  { id: "ContainerRename", method: "POST", path: "/containers/{id:*}/rename", handle: rename },
  { id: "ContainerPause", method: "POST", path: "/containers/{id:*}/pause", handle: pause },
  { id: "ContainerUnpause", method: "POST", path: "/containers/{id:*}/unpause", handle: unpause },
  { id: "ContainerDelete", method: "DELETE", path: "/containers/{id:*}", handle: remove },
];
