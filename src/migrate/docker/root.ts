import { existsSync, readFileSync, realpathSync } from "node:fs";
import { isAbsolute, join } from "node:path";
import { conflict, errorMessage, hasCode, invalid, notFound } from "../../lib/errors.ts";
import { namesIn } from "../../lib/names-in.ts";
import { decodeJson } from "../../lib/parse-json.ts";
import { lockFileShared } from "../../linux/flock.ts";

/** Where dockerd keeps its data unless it is told otherwise, and what tells it. */
const usualRoot = "/var/lib/docker";
const configFile = "/etc/docker/daemon.json";

/** Databases that dockerd holds locked, alone, for as long as it runs. */
const databases = ["volumes/metadata.db", "network/files/local-kv.db"];

/** The data root of a dockerd that does not run, nor can start before it is disposed of. */
export interface DockerRoot extends Disposable {
  path: string;
}

/**
 * Opens the data root of a dockerd; empty: the one of this machine. It is only ever read. Throws `invalid` where it is
 * none, and `conflict` where a dockerd runs on it.
 */
export function openDockerRoot(from: string): DockerRoot {
  const asked = from || configuredRoot();
  if (!isAbsolute(asked)) throw invalid(`the data root must be an absolute path: ${asked}`);
  const path = existing(asked);
  if (!["image", "containers", "volumes"].some((name) => existsSync(join(path, name))))
    throw invalid(`${path} is no data root of Docker: it has no folder image, containers or volumes`);
  if (existsSync(join(path, "berth.lock"))) throw invalid(`${path} is a data root of Berth's, not of Docker's`);
  const locks = new DisposableStack();
  try {
    for (const name of databases) {
      const file = join(path, name);
      if (!existsSync(file)) continue;
      const lock = lockFileShared(file);
      if (!lock) throw conflict(`dockerd runs on ${path} (it holds ${file}): stop it first`);
      locks.use(lock);
    }
  } catch (error) {
    locks.dispose();
    throw error;
  }
  return { path, [Symbol.dispose]: () => locks.dispose() };
}

function existing(path: string): string {
  try {
    return realpathSync(path);
  } catch (error) {
    if (hasCode(error, "ENOENT", "ENOTDIR")) throw notFound(`there is no data root of Docker at ${path}`);
    throw error;
  }
}

function configuredRoot(): string {
  if (!existsSync(configFile)) return usualRoot;
  try {
    const config = decodeJson<{ "data-root"?: unknown; graph?: unknown } | null>(readFileSync(configFile, "utf8"));
    // The second is what older versions called it.
    const root = config?.["data-root"] ?? config?.graph;
    return typeof root === "string" && root !== "" ? root : usualRoot;
  } catch (error) {
    throw invalid(`cannot read ${configFile}: ${errorMessage(error)}; name the data root`);
  }
}

/** The files of a graph driver's layers and containers, by the id that it gave them. */
export interface GraphDriver {
  name: string;
  /** What belongs to the layer alone, and files that lie below it where the driver keeps whole trees. */
  tree(cacheId: string): string;
  /** What containers write is kept apart, as overlayfs has it. */
  overlay: boolean;
}

/** How drivers lay out their files below the data root. */
const layouts: Readonly<Record<string, { tree: (id: string) => string; overlay: boolean }>> = {
  overlay2: { tree: (id) => `overlay2/${id}/diff`, overlay: true },
  "fuse-overlayfs": { tree: (id) => `fuse-overlayfs/${id}/diff`, overlay: false },
  vfs: { tree: (id) => `vfs/dir/${id}`, overlay: false },
  btrfs: { tree: (id) => `btrfs/subvolumes/${id}`, overlay: false },
};

/** The graph drivers that images of the data root are kept by; null for one whose files are not to be read. */
export function graphDrivers({ path }: DockerRoot): { name: string; driver: GraphDriver | null }[] {
  return namesIn(join(path, "image")).map((name) => ({ name, driver: graphDriver(path, name) }));
}

function graphDriver(path: string, name: string): GraphDriver | null {
  const layout = layouts[name];
  return layout ? { name, overlay: layout.overlay, tree: (id) => join(path, layout.tree(id)) } : null;
}
