import { readlinkSync } from "node:fs";
import { normalize } from "node:path/posix";
import { hasCode } from "../lib/errors.ts";
import { close, O, openDir, openInRoot } from "../linux/at.ts";
import type { ManagedPluginDeps } from "./deps.ts";
import type { PluginRecord } from "./record.ts";

/**
 * Where on this machine the path lies that a plugin calls so: in what it mounts for others, or in its root filesystem.
 * Links and `..` lead nowhere else.
 */
export function hostPath({ paths }: ManagedPluginDeps, plugin: PluginRecord, path: string): string {
  const inside = normalize(`/${path}`);
  const shared = normalize(`/${plugin.config.PropagatedMount}`).replace(/\/$/, "");
  return shared !== "" && (inside === shared || inside.startsWith(`${shared}/`))
    ? below(paths.propagated(plugin.id), inside.slice(shared.length))
    : below(paths.rootfs(plugin), inside);
}

function below(root: string, path: string): string {
  const dir = openDir(root);
  using _dir = { [Symbol.dispose]: () => close(dir) };
  try {
    const fd = openInRoot(dir, path.replace(/^\/+/, ""), O.PATH);
    using _fd = { [Symbol.dispose]: () => close(fd) };
    return readlinkSync(`/proc/self/fd/${fd}`);
  } catch (error) {
    // What is not there yet is nobody's link, nor is what has died.
    if (hasCode(error, "ENOENT", "ENOTCONN", "EIO")) return `${root}${path}`;
    throw error;
  }
}
