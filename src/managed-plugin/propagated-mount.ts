import { mkdirSync } from "node:fs";
import { MS, mount, unmount } from "../linux/mount.ts";
import { readMounts } from "../linux/mountinfo.ts";
import { SystemError } from "../linux/syscall.ts";
import type { ManagedPluginDeps } from "./deps.ts";

/** Makes what a plugin mounts for others ready for it: what it mounts there, the machine sees. */
export function preparePropagated(deps: ManagedPluginDeps, id: string): void {
  const path = deps.paths.propagated(id);
  releasePropagated(deps, id);
  mkdirSync(path, { recursive: true, mode: 0o755 });
  mount(path, path, "", MS.BIND | MS.REC);
  mount("", path, "", MS.SHARED | MS.REC);
}

/** Unmounts it with all that a plugin, perhaps one that died, has left there. Idempotent. */
export function releasePropagated({ paths }: ManagedPluginDeps, id: string): void {
  const path = paths.propagated(id);
  const targets = readMounts().flatMap(({ target }) => (isAtOrBelow(target, path) ? [target] : []));
  for (const target of targets.reverse()) {
    try {
      unmount(target, { detach: true });
    } catch (error) {
      // One above has taken it along.
      if (!(error instanceof SystemError) || !["EINVAL", "ENOENT"].includes(error.code)) throw error;
    }
  }
}

const isAtOrBelow = (target: string, path: string) => target === path || target.startsWith(`${path}/`);
