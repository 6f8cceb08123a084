import { bootId } from "./boot-id.ts";
import type { IdMaps } from "./id-maps.ts";
import { mountMapped } from "./mapped-mount.ts";
import { mount } from "./mount.ts";
import { unmountAll } from "./unmount.ts";
import { newUserNamespace, userNamespace } from "./user-namespace.ts";

/** What a container's life asks of the kernel itself: the rest goes by runtime, networks, images and volumes. */
export interface Kernel {
  mount: typeof mount;
  /** Binds a path upon another with other owners; see {@link mountMapped}. */
  mountMapped(source: string, target: string, maps: IdMaps, options?: { recursive?: boolean }): Promise<void>;
  /** One that nobody else is in; see {@link newUserNamespace}. */
  userNamespace: typeof newUserNamespace;
  /** Everything stacked at a path; idempotent. */
  unmountAll: typeof unmountAll;
  /** Differs after each start of the machine. */
  bootId: typeof bootId;
}

/** The real one; tests put their own in its place. */
export const kernel: Kernel = {
  mount,
  mountMapped: async (source, target, maps, options) => mountMapped(source, target, await userNamespace(maps), options),
  userNamespace: newUserNamespace,
  unmountAll,
  bootId,
};
