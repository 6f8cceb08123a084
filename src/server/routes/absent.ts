import { json } from "../http/reply.ts";
import type { Handler, Route } from "../http/router.ts";

/** The figures that dockerd has from Go's runtime. */
const debugVars: Handler = () => json(200, { cmdline: process.argv, memstats: process.memoryUsage() });

/** `/debug/vars` gives the figures of this process. */
export const absentRoutes: readonly Route[] = [
  { id: "DebugVars", method: "GET", path: "/debug/vars", handle: debugVars },
];
