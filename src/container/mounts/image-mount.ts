import type { MountPointRecord } from "../record.ts";

/** The root filesystem that stands for a mounted image: named by container and place, so that it is found again. */
export function imageMountKey(containerId: string, point: Pick<MountPointRecord, "destination">): string {
  return `${containerId}-image-${Bun.hash(point.destination).toString(16)}`;
}
