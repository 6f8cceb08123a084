import { migrateRequest } from "../../api/schema/migrate.ts";
import { migrateDocker } from "../../migrate/migrate.ts";
import { progress } from "../http/progress.ts";
import type { Handler, Route } from "../http/router.ts";
import { requireJson } from "../schema/body.ts";

/**
 * Reads any data root of this machine, as root. That is no more than a container with a bind mount can: whoever may use
 * the socket may use this.
 */
const docker: Handler = async (deps, request) =>
  progress(migrateDocker(deps, await requireJson(request, migrateRequest, "MigrateRequest"), request.signal));

/** Of our own: no path of Docker's begins so. */
export const migrateRoutes: readonly Route[] = [
  { id: "BerthMigrateDocker", method: "POST", path: "/berth/migrate/docker", handle: docker },
];
