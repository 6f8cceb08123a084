/** A manager that has some of a stack already: what Docker's client and ours are to ask of it alike. */
import { type Answer, type StubEngine, stubEngine } from "../../../testing.ts";

const headers = { "Content-Type": "application/json" };
const json = (value: unknown, status = 200): Answer => new Response(JSON.stringify(value), { status, headers });
const none = (what: string) => json({ message: `${what} not found` }, 404);
const meta = { Version: { Index: 7 }, CreatedAt: "2026-01-02T03:04:05Z", UpdatedAt: "2026-01-02T03:04:06Z" };
const labels = { "com.docker.stack.namespace": "stk" };
const service = (name: string) => ({
  ID: `${name}id`,
  ...meta,
  Spec: {
    Name: name,
    Labels: { ...labels, "com.docker.stack.image": "old" },
    TaskTemplate: { ContainerSpec: { Image: "old@sha256:aa", Labels: labels }, ForceUpdate: 2, Runtime: "container" },
    Mode: { Replicated: { Replicas: 1 } },
  },
  ServiceStatus: { RunningTasks: 1, DesiredTasks: 1, CompletedTasks: 0 },
});

export function stackEngine(): StubEngine {
  const ofStack = (query: Record<string, string>) => /com\.docker\.stack\.namespace/.test(query["filters"] ?? "");
  return stubEngine(
    {
      "GET /info": () => json({ Swarm: { NodeID: "n1", LocalNodeState: "active", ControlAvailable: true } }),
      "GET /networks": () => json([{ Id: "oldnet", Name: "stk_old", Labels: labels, Scope: "swarm" }]),
      "GET /networks/host": () => json({ Id: "hostid", Name: "host", Scope: "swarm" }),
      "GET /networks/*": ({ path }) => none(path.slice(10)),
      "POST /networks/create": () => json({ Id: "madenet" }, 201),
      "GET /secrets": ({ query }) =>
        json(
          ofStack(query)
            ? [{ ID: "s1id", ...meta, Spec: { Name: "stk_s1", Labels: labels } }]
            : ["stk_s1", "realname"].map((Name) => ({ ID: `${Name}id`, ...meta, Spec: { Name, Labels: labels } })),
        ),
      "GET /secrets/stk_s1": () => json({ ID: "s1id", ...meta, Spec: { Name: "stk_s1", Labels: labels } }),
      "GET /secrets/*": ({ path }) => none(`secret ${path.slice(9)}`),
      "POST /secrets/create": () => json({ ID: "madesecret" }, 201),
      "POST /secrets/*": () => new Response(null),
      "GET /configs": ({ query }) =>
        json(ofStack(query) ? [] : [{ ID: "c1id", ...meta, Spec: { Name: "stk_c1", Labels: labels, Data: "eA==" } }]),
      "GET /configs/*": ({ path }) => none(`config ${path.slice(9)}`),
      "POST /configs/create": () => json({ ID: "madeconfig" }, 201),
      "GET /services": () => json([service("stk_db"), service("stk_gone")]),
      "POST /services/create": () => json({ ID: "madeservice" }, 201),
      "POST /services/*": () => json({ Warnings: null }),
      "GET /tasks": () => json([]),
      "DELETE /*": () => new Response(null),
      "GET /distribution/*": () => json({ message: "unreachable" }, 500),
    },
    "1.51",
  );
}
