import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import { string, stringMap, struct } from "../../api/schema/schema.ts";
import { BoltFile } from "../../lib/bbolt.ts";
import { namesIn } from "../../lib/names-in.ts";
import { decodeJson } from "../../lib/parse-json.ts";
import { rfc3339Seconds } from "../../lib/rfc3339.ts";
import type { DockerRoot } from "./root.ts";

/** A volume of Docker's. */
export interface DockerVolume {
  name: string;
  driver: string;
  labels: Record<string, string> | null;
  options: Record<string, string> | null;
  /** RFC 3339. */
  created: string;
  /** Where the data of a local one is. */
  directory: string;
}

const record = struct({ Name: string, Driver: string, Labels: stringMap, Options: stringMap });

/** All volumes, by name: those of the database, and directories that it has forgotten. */
export function readVolumes({ path }: DockerRoot): DockerVolume[] {
  const home = join(path, "volumes");
  const known = new Map<string, DockerVolume>();
  const volume = (name: string): DockerVolume => ({
    name,
    driver: "local",
    labels: null,
    options: null,
    created: createdOf(join(home, name)),
    directory: join(home, name, "_data"),
  });
  for (const name of namesIn(home)) if (existsSync(join(home, name, "_data"))) known.set(name, volume(name));
  const database = join(home, "metadata.db");
  if (existsSync(database)) {
    using file = new BoltFile(database);
    for (const [name, value] of file.root.bucket("volumes")?.entries() ?? []) {
      if (!(value instanceof Uint8Array)) continue;
      const { Driver, Labels, Options } = record(decodeJson(Buffer.from(value).toString()), name);
      known.set(name, {
        ...volume(name),
        driver: Driver || "local",
        labels: Labels ?? null,
        options: Options ?? null,
      });
    }
  }
  return [...known.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** As Docker tells it: when the directory was last changed. */
function createdOf(directory: string): string {
  const time = statSync(directory, { throwIfNoEntry: false })?.ctime ?? new Date();
  return rfc3339Seconds(time);
}
