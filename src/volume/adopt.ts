import { statSync } from "node:fs";
import { join } from "node:path";
import { namesIn } from "../lib/names-in.ts";
import { rfc3339Seconds } from "../lib/rfc3339.ts";
import type { Store } from "../store/store.ts";
import { insertVolume, volumeByName } from "./table.ts";

/** Names below `root` that have data and no record. Those that begin with a dot are of volumes in the making. */
export function unknownVolumes(store: Store, root: string): string[] {
  const isDirectory = (path: string) => statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
  const isVolume = (name: string) => isDirectory(join(root, name)) && isDirectory(join(root, name, "_data"));
  return namesIn(root).filter((name) => !name.startsWith(".") && isVolume(name) && !volumeByName(store, name));
}

/**
 * Makes records of local volumes whose data lies below `root` and of which the database does not tell: without labels
 * and options, since only it knew these. Returns their names.
 */
export function adoptVolumes(store: Store, root: string, names = unknownVolumes(store, root)): string[] {
  for (const name of names) {
    const data = statSync(join(root, name, "_data"));
    insertVolume(store, {
      name,
      driver: "local",
      created: rfc3339Seconds(new Date(data.birthtimeMs || data.mtimeMs)),
      anonymous: false,
      labels: null,
      options: null,
    });
  }
  return names;
}
