import type { BuilderDeps } from "../builder/deps.ts";
import type { ContainerDeps } from "../container/deps.ts";
import type { ImageDeps } from "../image/deps.ts";
import type { RemoteDeps } from "../image/remote/deps.ts";
import type { NetworkDeps } from "../network/deps.ts";
import type { VolumeDeps } from "../volume/deps.ts";

/** What verbs need that reach into several of images, volumes, containers, networks and registries. */
export interface StorageDeps {
  images: ImageDeps;
  volumes: VolumeDeps;
  containers: ContainerDeps;
  remote: RemoteDeps;
  networks: NetworkDeps;
  build: BuilderDeps;
}
