import { checkpointRequest } from "../../api/schema/container.ts";
import { createCheckpoint } from "../../container/checkpoints/create.ts";
import { listCheckpoints } from "../../container/checkpoints/list.ts";
import { removeCheckpoint } from "../../container/checkpoints/remove.ts";
import { notImplemented } from "../../lib/errors.ts";
import { empty, json } from "../http/reply.ts";
import type { Handler, Route } from "../http/router.ts";
import { requireJson } from "../schema/body.ts";

/** A call that Docker has for engines with `experimental` alone. */
function experimental(handle: Handler): Handler {
  return (deps, request) => {
    if (!deps.facts.experimental)
      throw notImplemented(
        "This experimental feature is disabled by default. Start the Docker daemon in experimental mode in order to " +
          "enable it.",
      );
    return handle(deps, request);
  };
}

const list: Handler = async (deps, { params, query }) =>
  json(200, listCheckpoints(deps.containers, params["id"] ?? "", query.get("dir")));

const create: Handler = async (deps, request) => {
  const { CheckpointID, CheckpointDir, Exit } = await requireJson(
    request,
    checkpointRequest,
    "CheckpointCreateRequest",
  );
  await createCheckpoint(deps.containers, request.params["id"] ?? "", {
    id: CheckpointID ?? "",
    dir: CheckpointDir ?? "",
    exit: Exit ?? false,
  });
  return empty(201);
};

const remove: Handler = async (deps, { params, query }) => {
  await removeCheckpoint(deps.containers, params["id"] ?? "", params["checkpoint"] ?? "", query.get("dir"));
  return empty(204);
};

/** `/containers/{id}/checkpoints` */
export const checkpointRoutes: readonly Route[] = [
  { id: "CheckpointList", method: "GET", path: "/containers/{id:*}/checkpoints", handle: experimental(list) },
  { id: "CheckpointCreate", method: "POST", path: "/containers/{id:*}/checkpoints", handle: experimental(create) },
  {
    id: "CheckpointDelete",
    method: "DELETE",
    path: "/containers/{id:*}/checkpoints/{checkpoint}",
    handle: experimental(remove),
  },
];
