import type { ContainerDeps } from "../container/deps.ts";
import type { ImageDeps } from "../image/deps.ts";
import type { RemoteDeps } from "../image/remote/deps.ts";
import type { VolumeDeps } from "../volume/deps.ts";

/** What verbs on volumes need that reach into images, containers and registries. */
export interface StorageDeps {
  images: ImageDeps;
  volumes: VolumeDeps;
  containers: ContainerDeps;
  remote: RemoteDeps;
}
