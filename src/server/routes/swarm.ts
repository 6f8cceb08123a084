import { notASwarmManager, notPartOfASwarm } from "../../cluster/not-here.ts";
import { unavailable } from "../../lib/errors.ts";
import type { Handler, Route } from "../http/router.ts";

const refuse: Handler = () => {
  throw notASwarmManager();
};
const notPart: Handler = () => {
  throw notPartOfASwarm();
};
const cannot: Handler = () => {
  throw unavailable("swarm mode is not supported by this engine yet");
};

const manager = (id: string, method: string, path: string, since?: string): Route => ({
  id,
  method,
  path,
  handle: refuse,
  ...(since && { since }),
});

/** All that belongs to a swarm; each answers 503, as dockerd does outside of one. */
export const swarmRoutes: readonly Route[] = [
  { id: "SwarmInit", method: "POST", path: "/swarm/init", handle: cannot },
  { id: "SwarmJoin", method: "POST", path: "/swarm/join", handle: cannot },
  { id: "SwarmLeave", method: "POST", path: "/swarm/leave", handle: notPart },
  manager("SwarmInspect", "GET", "/swarm"),
  manager("SwarmUpdate", "POST", "/swarm/update"),
  manager("SwarmUnlockkey", "GET", "/swarm/unlockkey"),
  manager("SwarmUnlock", "POST", "/swarm/unlock"),
  manager("NodeList", "GET", "/nodes"),
  manager("NodeInspect", "GET", "/nodes/{id}"),
  manager("NodeDelete", "DELETE", "/nodes/{id}"),
  manager("NodeUpdate", "POST", "/nodes/{id}/update"),
  manager("ServiceList", "GET", "/services"),
  manager("ServiceCreate", "POST", "/services/create"),
  manager("ServiceInspect", "GET", "/services/{id}"),
  manager("ServiceDelete", "DELETE", "/services/{id}"),
  manager("ServiceUpdate", "POST", "/services/{id}/update"),
  manager("ServiceLogs", "GET", "/services/{id}/logs"),
  manager("TaskList", "GET", "/tasks"),
  manager("TaskInspect", "GET", "/tasks/{id}"),
  manager("TaskLogs", "GET", "/tasks/{id}/logs"),
  manager("SecretList", "GET", "/secrets", "1.25"),
  manager("SecretCreate", "POST", "/secrets/create", "1.25"),
  manager("SecretInspect", "GET", "/secrets/{id}", "1.25"),
  manager("SecretDelete", "DELETE", "/secrets/{id}", "1.25"),
  manager("SecretUpdate", "POST", "/secrets/{id}/update", "1.25"),
  manager("ConfigList", "GET", "/configs", "1.30"),
  manager("ConfigCreate", "POST", "/configs/create", "1.30"),
  manager("ConfigInspect", "GET", "/configs/{id}", "1.30"),
  manager("ConfigDelete", "DELETE", "/configs/{id}", "1.30"),
  manager("ConfigUpdate", "POST", "/configs/{id}/update", "1.30"),
];
