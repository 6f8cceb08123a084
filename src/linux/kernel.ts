import { bootId } from "./boot-id.ts";
import { mount } from "./mount.ts";
import { unmountAll } from "./unmount.ts";

/** What a container's life asks of the kernel itself: the rest goes by runtime, networks, images and volumes. */
export interface Kernel {
  mount: typeof mount;
  /** Everything stacked at a path; idempotent. */
  unmountAll: typeof unmountAll;
  /** Differs after each start of the machine. */
  bootId: typeof bootId;
}

/** The real one; tests put their own in its place. */
export const kernel: Kernel = { mount, unmountAll, bootId };
