import { errorMessage } from "../../lib/errors.ts";
import { commitOver } from "../store/guarded.ts";
import { type Draft, OutOfSequence } from "../store/store.ts";
import type { DispatchDeps } from "./deps.ts";
import type { Hello } from "./messages.ts";

/** Notes that a node is there. Returns the version of that note. */
export async function noteReady({ store }: DispatchDeps, nodeId: string, hello: Hello, addr: string): Promise<number> {
  const report: Draft<"node-report"> = {
    ID: nodeId,
    Description: hello.description,
    Status: { State: "ready", Addr: addr },
    DataPathAddr: hello.dataPathAddr || addr,
    ManagerAddr: hello.managerAddr,
  };
  return commitOver(store, (state) => {
    const node = state.get("node", nodeId);
    return node
      ? [
          { check: "node", id: nodeId, at: node.Version.Index },
          { put: "node-report", object: report },
        ]
      : [];
  });
}

/** Notes that a node is not heard of any more, unless somebody has noted something else since `version`. */
export async function noteDown(
  { store, log }: Pick<DispatchDeps, "store" | "log">,
  nodeId: string,
  version: number,
): Promise<void> {
  const report = store.state.get("node-report", nodeId);
  if (!report || report.Version.Index !== version) return;
  const { Version, CreatedAt, UpdatedAt, ...known } = report;
  const Status = { ...known.Status, State: "down", Message: "heartbeat failure" } as const;
  try {
    await store.commit([{ put: "node-report", object: { ...known, Status }, at: version }]);
  } catch (error) {
    // Another manager has it now.
    if (error instanceof OutOfSequence) return;
    log.warn("cannot note that a node is down", { node: nodeId, error: errorMessage(error) });
  }
}
