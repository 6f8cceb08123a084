import { parseFilters } from "../../api/filters.ts";
import { pluginPrivileges, pluginSettings } from "../../api/schema/plugin.ts";
import { internal } from "../../lib/errors.ts";
import { createPlugin } from "../../managed-plugin/create.ts";
import { disablePlugin } from "../../managed-plugin/disable.ts";
import { enablePlugin } from "../../managed-plugin/enable.ts";
import { inspectPlugin } from "../../managed-plugin/inspect.ts";
import { listPlugins } from "../../managed-plugin/list.ts";
import { localName, pullPlugin, remotePrivileges } from "../../managed-plugin/pull.ts";
import { pushPlugin } from "../../managed-plugin/push.ts";
import { removePlugin } from "../../managed-plugin/remove.ts";
import { setPlugin } from "../../managed-plugin/set.ts";
import { upgradePlugin } from "../../managed-plugin/upgrade.ts";
import { progress } from "../http/progress.ts";
import { empty, json } from "../http/reply.ts";
import type { ApiRequest, Handler, Route } from "../http/router.ts";
import { decodeAuthHeader } from "../schema/auth.ts";
import { readJson } from "../schema/body.ts";

const name = ({ params }: ApiRequest): string => params["name"] ?? "";
const authOf = ({ headers }: ApiRequest) => decodeAuthHeader(headers.get("x-registry-auth")) ?? undefined;

const list: Handler = ({ managedPlugins }, { query }) =>
  json(200, listPlugins(managedPlugins, parseFilters(query.get("filters"))));

const inspect: Handler = ({ managedPlugins }, request) => json(200, inspectPlugin(managedPlugins, name(request)));

const create: Handler = async ({ managedPlugins }, { query, body, signal }) => {
  await createPlugin(managedPlugins, query.get("name"), body, signal);
  return empty(204);
};

const set: Handler = async ({ managedPlugins }, request) => {
  await setPlugin(managedPlugins, name(request), (await readJson(request, pluginSettings, "")) ?? []);
  return empty(204);
};

/** `timeout` must be there, as with Docker. */
const enable: Handler = async ({ managedPlugins }, request) => {
  const text = request.query.get("timeout");
  if (!/^[+-]?\d{1,9}$/.test(text)) throw internal(`strconv.Atoi: parsing ${JSON.stringify(text)}: invalid syntax`);
  await enablePlugin(managedPlugins, name(request), Math.max(0, Number(text)));
  return empty(200);
};

const disable: Handler = async ({ managedPlugins }, request) => {
  await disablePlugin(managedPlugins, name(request), { force: request.query.bool("force") });
  return empty(200);
};

const remove: Handler = async ({ managedPlugins }, request) => {
  await removePlugin(managedPlugins, name(request), { force: request.query.bool("force") });
  return empty(200);
};

const privileges: Handler = async ({ managedPlugins }, request) =>
  json(200, await remotePrivileges(managedPlugins, request.query.get("remote"), authOf(request), request.signal));

/** What a pull and an upgrade are asked for. */
async function pullOf(request: ApiRequest) {
  const auth = authOf(request);
  return {
    remote: request.query.get("remote"),
    name: request.query.get("name"),
    privileges: (await readJson(request, pluginPrivileges, "PluginPrivileges")) ?? [],
    signal: request.signal,
    ...(auth && { auth }),
  };
}

/** Docker's clients go on, to set and enable it, with the name that the answer's head tells. */
const pull: Handler = async ({ managedPlugins }, request) => {
  const asked = await pullOf(request);
  const reply = await progress(pullPlugin(managedPlugins, asked));
  return { ...reply, headers: { ...reply.headers, "Docker-Plugin-Name": localName(asked) } };
};

const upgrade: Handler = async ({ managedPlugins }, request) =>
  progress(upgradePlugin(managedPlugins, name(request), await pullOf(request)));

const push: Handler = ({ managedPlugins }, request) =>
  progress(pushPlugin(managedPlugins, name(request), authOf(request), request.signal));

/** `/plugins`: those that the engine runs. A name in a path may hold slashes. */
export const pluginRoutes: readonly Route[] = [
  { id: "PluginList", method: "GET", path: "/plugins", handle: list },
  { id: "GetPluginPrivileges", method: "GET", path: "/plugins/privileges", handle: privileges },
  { id: "PluginPull", method: "POST", path: "/plugins/pull", handle: pull },
  { id: "PluginCreate", method: "POST", path: "/plugins/create", handle: create },
  { id: "PluginInspect", method: "GET", path: "/plugins/{name:*}/json", handle: inspect },
  { id: "PluginEnable", method: "POST", path: "/plugins/{name:*}/enable", handle: enable },
  { id: "PluginDisable", method: "POST", path: "/plugins/{name:*}/disable", handle: disable },
  { id: "PluginPush", method: "POST", path: "/plugins/{name:*}/push", handle: push },
  { id: "PluginUpgrade", method: "POST", path: "/plugins/{name:*}/upgrade", since: "1.26", handle: upgrade },
  { id: "PluginSet", method: "POST", path: "/plugins/{name:*}/set", handle: set },
  { id: "PluginDelete", method: "DELETE", path: "/plugins/{name:*}", handle: remove },
];
