import type { ClusterVolume } from "./swarm.ts";

/** What clients send is defined by its schema. */
export type {
  VolumeBackupRequest,
  VolumeCloneRequest,
  VolumeCopyRequest,
  VolumeCreateRequest,
  VolumeRestoreRequest,
} from "../schema/volume.ts";

/** `Volume` of the Engine API. */
export interface Volume {
  Name: string;
  Driver: string;
  Mountpoint: string;
  CreatedAt?: string;
  Status?: Record<string, unknown>;
  Labels: Record<string, string> | null;
  Scope: "local" | "global";
  ClusterVolume?: ClusterVolume;
  Options: Record<string, string> | null;
  UsageData?: {
    Size: number;
    RefCount: number;
  } | null;
}

/** `VolumeListResponse` of the Engine API. */
export interface VolumeListResponse {
  Volumes?: Volume[];
  Warnings?: string[] | null;
}

/** `VolumesDiskUsage` of the Engine API. */
export interface VolumesDiskUsage {
  ActiveCount?: number;
  TotalCount?: number;
  Reclaimable?: number;
  TotalSize?: number;
  Items?: unknown[];
}
