import type { ClusterVolume, ClusterVolumeSpec } from "./swarm.ts";

/** `Volume` of the Engine API. */
export interface Volume {
  Name: string;
  Driver: string;
  Mountpoint: string;
  CreatedAt?: string;
  Status?: Record<string, Record<string, unknown>>;
  Labels: Record<string, string>;
  Scope: "local" | "global";
  ClusterVolume?: ClusterVolume;
  Options: Record<string, string>;
  UsageData?: {
    Size: number;
    RefCount: number;
  } | null;
}

/** `VolumeCreateRequest` of the Engine API; a request shape, so every field may be absent or null. */
export interface VolumeCreateRequest {
  Name?: string | null;
  Driver?: string | null;
  DriverOpts?: Record<string, string> | null;
  Labels?: Record<string, string> | null;
  ClusterVolumeSpec?: ClusterVolumeSpec | null;
}

/** `VolumeListResponse` of the Engine API. */
export interface VolumeListResponse {
  Volumes?: Volume[];
  Warnings?: string[];
}

/** `VolumesDiskUsage` of the Engine API. */
export interface VolumesDiskUsage {
  ActiveCount?: number;
  TotalCount?: number;
  Reclaimable?: number;
  TotalSize?: number;
  Items?: unknown[];
}
