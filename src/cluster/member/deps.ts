import type { EventBus } from "../../api/events.ts";
import type { NodeDescription } from "../../api/types/swarm.ts";
import type { ContainerDeps } from "../../container/deps.ts";
import type { RemoteDeps } from "../../image/remote/deps.ts";
import type { Logger } from "../../lib/log.ts";
import type { NetworkDeps } from "../../network/deps.ts";
import type { Backings } from "./backing.ts";

/** What this engine needs to be a node of a cluster. */
export interface SwarmDeps {
  containers: ContainerDeps;
  networks: NetworkDeps;
  remote: RemoteDeps;
  events: EventBus;
  log: Logger;
  dataRoot: string;
  /** What other nodes are told of this machine; without the cluster's part. */
  describe(): NodeDescription;
  backings: Backings;
}
