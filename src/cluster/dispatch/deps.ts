import type { PeerNode } from "../../api/types/swarm.ts";
import type { Logger } from "../../lib/log.ts";
import type { Liveness } from "../store/liveness.ts";
import type { ClusterStore } from "../store/store.ts";
import type { Credentials } from "./transport.ts";

/** What serving nodes takes. */
export interface DispatchDeps {
  store: ClusterStore;
  log: Logger;
  liveness: Liveness;
  /** Of the manager itself. */
  nodeId: string;
  clusterId: string;
  credentials(): Credentials;
  /** Where managers serve nodes. */
  managers(): PeerNode[];
  /** Lets another manager take a part in the cluster's memory. Returns what it is to know of that, and its key. */
  admit(other: { nodeId: string; address: string }): Promise<{ told: string; storeKey: string }>;
}
