import type { TaskSpec } from "../../api/types/swarm.ts";
import type { ContainerDeps } from "../../container/deps.ts";
import type { RemoteDeps } from "../../image/remote/deps.ts";
import type { NetworkDeps } from "../../network/deps.ts";

/** What running tasks takes. */
export interface AgentDeps {
  containers: ContainerDeps;
  /** Networks of the cluster, which are made here when a task needs them. */
  networks: NetworkDeps;
  /** Where this machine's ends of tunnels are; an address. */
  dataPathAddr(): string;
  /** Images that are not there yet. */
  remote: RemoteDeps;
  node: {
    ID: string;
    Hostname: string;
    Platform: { Architecture: string; OS: string };
  };
  /** For tasks that name none; from the cluster's settings. */
  defaultLogDriver(): TaskSpec["LogDriver"];
}
