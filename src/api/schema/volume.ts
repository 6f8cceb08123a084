/** What clients send of volumes: the schema that reads it, and by inference the type that both sides work with. */
import type { ClusterVolumeSpec } from "../types/swarm.ts";
import { boolean, type Infer, object, type Schema, string, stringMap, struct } from "./schema.ts";

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
  /** Not of Docker's API: the image whose directory `FromPath` (absent: its root) the volume's content comes from. */
  FromImage: string,
  FromPath: string,
});

/** Body of `POST /berth/volumes/{name}/clone`. */
export type VolumeCloneRequest = Infer<typeof volumeCloneRequest>;
/** Reads a {@link VolumeCloneRequest}. Throws `invalid`, with the field's name. */
export const volumeCloneRequest = struct({
  Name: string,
  /** Beside those of the volume that is cloned. */
  Labels: stringMap,
  /** Freeze running containers that have the volume meanwhile; absent: true. */
  Pause: boolean,
});

/** Body of `POST /berth/volumes/{name}/copy`: what is copied of another volume, and to where. */
export type VolumeCopyRequest = Infer<typeof volumeCopyRequest>;
/** Reads a {@link VolumeCopyRequest}. Throws `invalid`, with the field's name. */
export const volumeCopyRequest = struct({
  FromVolume: string,
  FromPath: string,
  /** A directory that exists. */
  Directory: string,
  /** What the copy is called there; `.`: what is in a directory goes there without it. */
  Name: string,
});

/** Body of `POST /berth/volumes/{name}/backup`. */
export type VolumeBackupRequest = Infer<typeof volumeBackupRequest>;
/** Reads a {@link VolumeBackupRequest}. Throws `invalid`, with the field's name. */
export const volumeBackupRequest = struct({
  /** `registry/repository[:tag]`. */
  Reference: string,
  /** As in {@link volumeCloneRequest}. */
  Pause: boolean,
});

/** Body of `POST /berth/volumes/restore`. */
export type VolumeRestoreRequest = Infer<typeof volumeRestoreRequest>;
/** Reads a {@link VolumeRestoreRequest}. Throws `invalid`, with the field's name. */
export const volumeRestoreRequest = struct({
  /** `registry/repository[:tag|@digest]`. */
  Reference: string,
  /** Absent: the name that the volume had. */
  Name: string,
  /** Beside those that the volume had. */
  Labels: stringMap,
});
