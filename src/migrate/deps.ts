import type { ContainerDeps } from "../container/deps.ts";
import type { ImageDeps } from "../image/deps.ts";
import type { NetworkDeps } from "../network/deps.ts";
import type { VolumeDeps } from "../volume/deps.ts";

/** What taking things over from another engine needs: the dependencies of the verbs that make them here. */
export interface MigrateDeps {
  images: ImageDeps;
  volumes: VolumeDeps;
  networks: NetworkDeps;
  containers: ContainerDeps;
}
