import { statSync } from "node:fs";
import { join } from "node:path";
import { namesIn } from "../lib/names-in.ts";
import { rfc3339Seconds } from "../lib/rfc3339.ts";
import type { Store } from "../store/store.ts";
import { insertVolume, volumeByName } from "./table.ts";

/**
 * Makes records of local volumes whose data lies below `root` and of which the database does not tell: without labels
 * and options, since only it knew these. Returns their names.
 */
export function adoptVolumes(store: Store, root: string): string[] {
  const adopted: string[] = [];
  for (const name of namesIn(root)) {
    const data = statSync(join(root, name, "_data"), { throwIfNoEntry: false });
    if (!data?.isDirectory() || volumeByName(store, name)) continue;
    insertVolume(store, {
      name,
      driver: "local",
      created: rfc3339Seconds(new Date(data.birthtimeMs || data.mtimeMs)),
      anonymous: false,
      labels: null,
      options: null,
    });
    adopted.push(name);
  }
  return adopted;
}
