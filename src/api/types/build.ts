import type { ErrorDetail, ImageID, ProgressDetail } from "./image.ts";

/** `BuildCache` of the Engine API. */
export interface BuildCache {
  ID?: string;
  Parents?: string[] | null;
  Type?: "internal" | "frontend" | "source.local" | "source.git.checkout" | "exec.cachemount" | "regular";
  Description?: string;
  InUse?: boolean;
  Shared?: boolean;
  Size?: number;
  CreatedAt?: string;
  LastUsedAt?: string | null;
  UsageCount?: number;
}

/** `BuildCacheDiskUsage` of the Engine API. */
export interface BuildCacheDiskUsage {
  ActiveCount?: number;
  TotalCount?: number;
  Reclaimable?: number;
  TotalSize?: number;
  Items?: unknown[];
}

/** `BuildInfo` of the Engine API. */
export interface BuildInfo {
  id?: string;
  stream?: string;
  errorDetail?: ErrorDetail;
  status?: string;
  progressDetail?: ProgressDetail;
  aux?: ImageID;
}
