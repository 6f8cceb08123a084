import { join } from "node:path";
import { shortId } from "../lib/ids.ts";

/**
 * Where plugins are on disk. What a directory is named by is its owner's id, so that what a crash has left is found.
 *
 * ```
 * <data root>/plugins/<id>/
 * ├── rootfs-<12 hex>     the root filesystem; an upgrade makes another beside it
 * └── propagated-mount    what the plugin mounts for others
 *
 * <exec root>/managed/    the exec root of their runtime: containers/<id>, exits/<id>, …
 * ├── sockets/<12 hex>/   bound as /run/docker/plugins in the plugin. Short: paths of sockets have 107 bytes
 * └── logs/<id>/          its output, on the way into the daemon's log
 * ```
 */
export class PluginPaths {
  readonly all: string;

  constructor(
    dataRoot: string,
    readonly execRoot: string,
  ) {
    this.all = join(dataRoot, "plugins");
  }

  /** All that outlasts a reboot. */
  own(id: string): string {
    return join(this.all, id);
  }

  rootfs({ id, rootfs }: { id: string; rootfs: string }): string {
    return join(this.own(id), rootfs);
  }

  propagated(id: string): string {
    return join(this.own(id), "propagated-mount");
  }

  sockets(id: string): string {
    return join(this.execRoot, "sockets", shortId(id));
  }

  logs(id: string): string {
    return join(this.execRoot, "logs", id);
  }
}

/** Where the runtime of plugins has its files, below the daemon's exec root. */
export const pluginExecRoot = (execRoot: string) => join(execRoot, "managed");
