import type { VolumeCreateRequest } from "../../api/types/volume.ts";
import { object, string, stringMap } from "./schema.ts";

export const volumeCreateRequest = object<VolumeCreateRequest>({
  Name: string, Driver: string, DriverOpts: stringMap, Labels: stringMap,
  // Its presence says that a cluster's volume is wanted; what is in it, only a cluster can use.
  ClusterVolumeSpec: object<{ Group?: string }>({ Group: string }),
});
