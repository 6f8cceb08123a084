import type { Volume, VolumeCreateRequest } from "../api/types/volume.ts";
import { type CreateVolumeOptions, createVolume } from "./create.ts";
import type { VolumeDeps } from "./deps.ts";
import { mountVolume, reconcileVolumes, unmountVolume } from "./mount.ts";
import { type RemoveVolumeOptions, removeVolume } from "./remove.ts";
import { hasVolume } from "./take.ts";

/** What containers need of volumes. The files of this folder say what each verb does. */
export interface Volumes {
  create(request: VolumeCreateRequest, options: CreateVolumeOptions): Promise<Volume>;
  has(name: string): boolean;
  /** Mounts of volumes of the driver show the mode `z`. */
  isLabelled(driver: string): boolean;
  /** Returns its host path. By user, a container's id as a rule; idempotent for each. */
  mount(name: string, user: string): Promise<string>;
  unmount(name: string, user: string): Promise<void>;
  remove(name: string, options: RemoveVolumeOptions): Promise<void>;
  /** At boot: forgets mounts of others than these containers. */
  reconcile(liveIds: ReadonlySet<string>): Promise<void>;
}

/** The volumes as the container code sees them ({@link Volumes}), which does not know of this folder. */
export function volumesForContainers(deps: VolumeDeps): Volumes {
  return {
    create: (request, options) => createVolume(deps, request, options),
    has: (name) => hasVolume(deps, name),
    isLabelled: (driver) => deps.drivers.builtin.get(driver)?.labelled ?? false,
    mount: (name, user) => mountVolume(deps, name, user),
    unmount: (name, user) => unmountVolume(deps, name, user),
    remove: (name, options) => removeVolume(deps, name, options),
    reconcile: (liveIds) => reconcileVolumes(deps, liveIds),
  };
}
