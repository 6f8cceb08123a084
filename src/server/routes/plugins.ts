import { parseFilters } from "../../api/filters.ts";
import { notFound, unavailable } from "../../lib/errors.ts";
import { json } from "../http/reply.ts";
import type { Handler, Route } from "../http/router.ts";

/** Managed plugins: none can be here, and none can be had. */

const list: Handler = (_deps, { query }) => {
  const filters = parseFilters(query.get("filters"));
  filters.validate(["enabled", "capability"]);
  filters.matchBool("enabled", true);
  return json(200, []);
};

const missing: Handler = (_deps, { params }) => {
  throw notFound(`plugin "${params["name"] ?? ""}" not found`);
};

const cannot: Handler = () => {
  throw unavailable("managed plugins are not supported by this engine");
};

/** `/plugins`: the list is empty, a plugin named by the path is not found (404), and none can be had (503). */
export const pluginRoutes: readonly Route[] = [
  { id: "PluginList", method: "GET", path: "/plugins", handle: list },
  { id: "GetPluginPrivileges", method: "GET", path: "/plugins/privileges", handle: cannot },
  { id: "PluginPull", method: "POST", path: "/plugins/pull", handle: cannot },
  { id: "PluginCreate", method: "POST", path: "/plugins/create", handle: cannot },
  { id: "PluginInspect", method: "GET", path: "/plugins/{name:*}/json", handle: missing },
  { id: "PluginEnable", method: "POST", path: "/plugins/{name:*}/enable", handle: missing },
  { id: "PluginDisable", method: "POST", path: "/plugins/{name:*}/disable", handle: missing },
  { id: "PluginPush", method: "POST", path: "/plugins/{name:*}/push", handle: missing },
  { id: "PluginUpgrade", method: "POST", path: "/plugins/{name:*}/upgrade", since: "1.26", handle: missing },
  { id: "PluginSet", method: "POST", path: "/plugins/{name:*}/set", handle: missing },
  { id: "PluginDelete", method: "DELETE", path: "/plugins/{name:*}", handle: missing },
];
