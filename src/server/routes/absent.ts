import { notImplemented } from "../../lib/errors.ts";
import { json } from "../http/reply.ts";
import type { Handler, Route } from "../http/router.ts";

/** Ways into parts of Docker that this engine does not have; clients get a plain answer. */

const noCheckpoints: Handler = () => {
  throw notImplemented("checkpoints of containers are not supported");
};

/** The figures that dockerd has from Go's runtime. */
const debugVars: Handler = () => json(200, { cmdline: process.argv, memstats: process.memoryUsage() });

/** Checkpoints answer 501; `/debug/vars` gives the figures of this process. */
export const absentRoutes: readonly Route[] = [
  { id: "CheckpointList", method: "GET", path: "/containers/{id:*}/checkpoints", handle: noCheckpoints },
  { id: "CheckpointCreate", method: "POST", path: "/containers/{id:*}/checkpoints", handle: noCheckpoints },
  {
    id: "CheckpointDelete",
    method: "DELETE",
    path: "/containers/{id:*}/checkpoints/{checkpoint}",
    handle: noCheckpoints,
  },
  { id: "DebugVars", method: "GET", path: "/debug/vars", handle: debugVars },
];
