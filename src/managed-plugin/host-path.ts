import { lstatSync, readlinkSync } from "node:fs";
import { basename, dirname, join, normalize } from "node:path/posix";
import type { PluginConfig } from "../api/types/plugin.ts";
import { hasCode, internal } from "../lib/errors.ts";
import { close, O, openDir, openInRoot } from "../linux/at.ts";
import type { PluginPaths } from "./paths.ts";
import type { PluginRecord } from "./record.ts";

/**
 * Where on this machine the path lies that a plugin calls so: in what it mounts for others, or in its root filesystem.
 * Links and `..` lead nowhere else.
 */
export function hostPath(
  paths: Pick<PluginPaths, "propagated" | "rootfs">,
  plugin: Pick<PluginRecord, "id" | "rootfs"> & { config: Pick<PluginConfig, "PropagatedMount"> },
  path: string,
): string {
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
    if (!isAbsent(error) || dirname(path) === path) throw error;
    return absent(below(root, dirname(path)), basename(path));
  }
}

/** What is not there yet, or has died. A link in its place would lead anywhere. */
function absent(parent: string, name: string): string {
  const path = join(parent, name);
  try {
    if (!lstatSync(path).isSymbolicLink()) return path;
  } catch (error) {
    if (isAbsent(error)) return path;
    throw error;
  }
  throw internal(`${path} is a link of the plugin's that leads nowhere`);
}

const isAbsent = (error: unknown): boolean => hasCode(error, "ENOENT", "ENOTCONN", "EIO");
