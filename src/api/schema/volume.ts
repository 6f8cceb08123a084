/** What clients send of volumes: the schema that reads it, and by inference the type that both sides work with. */
import type { ClusterVolumeSpec } from "../types/swarm.ts";
import { type Infer, object, type Schema, string, stringMap, struct } from "./schema.ts";

/** Its presence says that a cluster's volume is wanted; what else is in it, only a cluster can use. */
const clusterVolumeSpec: Schema<ClusterVolumeSpec> = object<Pick<ClusterVolumeSpec, "Group">>({ Group: string });

/** Body of `POST /volumes/create`. Each field may be absent or null. */
export type VolumeCreateRequest = Infer<typeof volumeCreateRequest>;
/** Reads a {@link VolumeCreateRequest}. Throws `invalid`, with the field's name. */
export const volumeCreateRequest = struct({
  Name: string,
  Driver: string,
  DriverOpts: stringMap,
  Labels: stringMap,
  ClusterVolumeSpec: clusterVolumeSpec,
});
