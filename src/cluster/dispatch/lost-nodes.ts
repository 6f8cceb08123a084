import { pause } from "../../lib/pause.ts";
import type { DispatchDeps } from "./deps.ts";
import { noteDown } from "./node-states.ts";

/** A node that was lost may come back within this time, to any manager. In milliseconds. */
const grace = 2000;

/** The leader's part: nodes that no manager has any more are down after a grace, until the signal ends it. */
export function watchLostNodes(deps: Pick<DispatchDeps, "store" | "log" | "liveness">, signal: AbortSignal): void {
  const { store, liveness } = deps;
  const lost = async (nodeId: string) => {
    if (!(await pause(grace, signal)) || liveness.nodes.has(nodeId)) return;
    const report = store.state.get("node-report", nodeId);
    if (report && report.Status.State !== "down") await noteDown(deps, nodeId, report.Version.Index);
  };
  const end = liveness.onLost((nodeId) => void lost(nodeId));
  signal.addEventListener("abort", end, { once: true });
  for (const { ID } of store.state.all("node-report")) if (!liveness.nodes.has(ID)) void lost(ID);
}
