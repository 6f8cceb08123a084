import { readdirSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { hasCode } from "../lib/errors.ts";
import { newId, shortId } from "../lib/ids.ts";
import type { ManagedPluginDeps } from "./deps.ts";
import { allPlugins } from "./table.ts";

/** Makes a directory for a plugin's next root filesystem, and gives its name. Nothing uses it before a row names it. */
export async function makeRootfs({ paths }: ManagedPluginDeps, id: string): Promise<string> {
  const rootfs = `rootfs-${shortId(newId())}`;
  await mkdir(paths.propagated(id), { recursive: true, mode: 0o755 });
  await mkdir(paths.rootfs({ id, rootfs }), { mode: 0o755 });
  return rootfs;
}

/** Removes what of a plugin's directory, or of those of all plugins, no row names. */
export async function sweepDirectories(deps: ManagedPluginDeps): Promise<void> {
  const plugins = new Map(allPlugins(deps.store).map((plugin) => [plugin.id, plugin]));
  for (const id of namesOf(deps.paths.all)) {
    const plugin = plugins.get(id);
    if (!plugin) await deps.images.archiver.remove(deps.paths.own(id));
    else await sweepRootfs(deps, plugin);
  }
}

/** Removes the root filesystems that a plugin has no more, or never had. */
export async function sweepRootfs(
  { images, paths }: ManagedPluginDeps,
  { id, rootfs }: { id: string; rootfs: string },
): Promise<void> {
  const stale = namesOf(paths.own(id)).filter((name) => name !== rootfs && name !== "propagated-mount");
  await images.archiver.remove(...stale.map((name) => paths.rootfs({ id, rootfs: name })));
}

function namesOf(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch (error) {
    if (hasCode(error, "ENOENT")) return [];
    throw error;
  }
}
