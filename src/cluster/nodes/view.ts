import { type Filters, invalidFilter } from "../../api/filters.ts";
import type { Node } from "../../api/types/swarm.ts";
import type { ManagerDeps } from "../deps.ts";
import { find } from "../find.ts";
import type { NodeObject } from "../model/objects.ts";

/** `GET /nodes/{id}`. Throws `not-found`. */
export const inspectNode = (deps: ManagerDeps, ref: string): Node =>
  viewNode(deps, find(deps.store.state, "node", ref));

/** `GET /nodes`. Throws `invalid` on an unknown filter. */
export function listNodes(deps: ManagerDeps, filters: Filters): Node[] {
  filters.validate(["id", "label", "membership", "name", "node.label", "role"]);
  for (const value of filters.get("membership")) {
    if (value !== "accepted" && value !== "pending") throw invalidFilter("membership", [value]);
  }
  for (const value of filters.get("role")) {
    if (value !== "worker" && value !== "manager") throw invalidFilter("role", [value]);
  }
  return [...deps.store.state.all("node")]
    .map((node) => viewNode(deps, node))
    .filter(
      ({ ID = "", Spec, Description }) =>
        filters.matchPrefix("id", ID) &&
        filters.matchAny("name", (value) => (Description?.Hostname ?? "").includes(value)) &&
        filters.matchExact("role", Spec?.Role ?? "") &&
        // Whoever has a certificate is accepted.
        filters.matchExact("membership", "accepted") &&
        filters.matchLabels(Description?.Engine?.Labels) &&
        filters.matchLabels(Spec?.Labels, "node.label"),
    );
}

function viewNode({ store, leader }: ManagerDeps, { ID, Version, CreatedAt, UpdatedAt, Spec }: NodeObject): Node {
  const report = store.state.get("node-report", ID);
  const reachable = report?.Status.State === "ready";
  return {
    ID,
    Version,
    CreatedAt,
    UpdatedAt: report && report.UpdatedAt > UpdatedAt ? report.UpdatedAt : UpdatedAt,
    Spec,
    Description: report?.Description ?? {},
    Status: report?.Status ?? { State: "unknown" },
    ...(Spec.Role === "manager" && {
      ManagerStatus: {
        ...(leader() === ID && { Leader: true }),
        Reachability: reachable ? "reachable" : report ? "unreachable" : "unknown",
        Addr: report?.ManagerAddr ?? "",
      },
    }),
  };
}
