import type { Dirent } from "node:fs";
import { readdir } from "node:fs/promises";
import { naturalOrder } from "../natural-order.ts";
import type { PluginPlaces } from "./places.ts";
import { pluginDirectories } from "./places.ts";

const prefix = "docker-";

/** A file that may be a plugin of the command line. */
export interface PluginCandidate {
  /** `compose` of `docker-compose`; nothing says yet that it may be called so. */
  name: string;
  /** Where it lies, the one that counts first. */
  paths: [string, ...string[]];
}

/** All files that may be plugins, by name. Folders that are not there, or may not be read, have none. */
export async function pluginCandidates(places: PluginPlaces): Promise<PluginCandidate[]> {
  const found = new Map<string, PluginCandidate>();
  for (const directory of pluginDirectories(places)) {
    const entries: Dirent[] = await readdir(directory, { withFileTypes: true }).catch(() => []);
    for (const entry of entries.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
      if (!entry.name.startsWith(prefix) || !(entry.isFile() || entry.isSymbolicLink())) continue;
      const [name, path] = [entry.name.slice(prefix.length), `${directory}/${entry.name}`];
      const known = found.get(name);
      if (known) known.paths.push(path);
      else found.set(name, { name, paths: [path] });
    }
  }
  return [...found.values()].sort((a, b) => naturalOrder(a.name, b.name));
}
