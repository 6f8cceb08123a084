import { isMountPoint } from "./at.ts";
import { unmount } from "./mount.ts";
import { SystemError } from "./syscall.ts";

/** Unmounts everything stacked at a path; lazily where somebody is still inside. Idempotent. */
export function unmountAll(target: string): void {
  for (let stacked = 0; stacked < 100 && isMountPoint(target); stacked++) {
    try {
      unmount(target);
    } catch (error) {
      if (!(error instanceof SystemError) || error.code !== "EBUSY") throw error;
      unmount(target, { detach: true });
    }
  }
}
