import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { errorMessage, invalid } from "../../lib/errors.ts";
import { namesIn } from "../../lib/names-in.ts";
import { decodeJson } from "../../lib/parse-json.ts";
import { chainIds, digestOf, hexOf, isDigest } from "../../oci/digest.ts";
import { parseImageConfig } from "../../oci/parse.ts";
import { parseReference, type Reference } from "../../oci/reference.ts";
import { type DockerRoot, type GraphDriver, graphDrivers } from "./root.ts";

/** A layer of an image that a graph driver keeps unpacked. */
export interface DockerLayer {
  chainId: string;
  diffId: string;
  parentChainId: string | null;
  /** Bytes of its files. */
  size: number;
  /** The directory of its files. */
  tree: string;
  /** What tar-split kept of its archive. */
  split: string;
}

/** An image of Docker's own image store. */
export interface DockerImage {
  id: string;
  /** The configuration file, byte for byte. */
  config: Uint8Array;
  /** Tags, and digests by which registries know it. */
  names: Reference[];
  /** Base first. */
  layers: DockerLayer[];
  /** The image that it was built upon; empty where there is none. */
  parentId: string;
  /** Why it cannot be had; undefined: nothing speaks against it. */
  problem?: string;
}

/** Images that have a name, that no other was built upon, or that `used` says are needed. */
export function readImages(root: DockerRoot, used: ReadonlySet<string>): DockerImage[] {
  return graphDrivers(root).flatMap(({ name, driver }) => {
    const home = join(root.path, "image", name);
    const names = readNames(home);
    const ids = namesIn(join(home, "imagedb/content/sha256")).map((hex) => `sha256:${hex}`);
    const parents = new Map(
      ids.map((id) => [id, readText(join(home, "imagedb/metadata/sha256", hexOf(id), "parent"))]),
    );
    const built = new Set(parents.values());
    return ids
      .filter((id) => isDigest(id) && (names.has(id) || used.has(id) || !built.has(id)))
      .map((id) => readImage(home, name, driver, id, names.get(id) ?? [], parents.get(id) ?? ""));
  });
}

function readImage(
  home: string,
  driverName: string,
  driver: GraphDriver | null,
  id: string,
  names: Reference[],
  parentId: string,
): DockerImage {
  const image: DockerImage = { id, config: new Uint8Array(), names, layers: [], parentId };
  if (!driver) return { ...image, problem: `files of the graph driver ${driverName} cannot be read` };
  try {
    const config = readFileSync(join(home, "imagedb/content/sha256", hexOf(id)));
    if (digestOf(config) !== id) return { ...image, problem: "its configuration is damaged" };
    return { ...image, config, layers: readLayers(home, driver, parseImageConfig(config).rootfs.diff_ids) };
  } catch (error) {
    return { ...image, problem: errorMessage(error) };
  }
}

function readLayers(home: string, driver: GraphDriver, diffIds: readonly string[]): DockerLayer[] {
  const chain = chainIds(diffIds);
  return diffIds.map((diffId, i) => {
    const chainId = chain[i] ?? "";
    const folder = join(home, "layerdb/sha256", hexOf(chainId));
    if (!existsSync(folder)) throw new Error(`its layer ${chainId} is missing`);
    const tree = driver.tree(readText(join(folder, "cache-id")));
    const split = join(folder, "tar-split.json.gz");
    if (!existsSync(tree)) throw new Error(`the files of its layer ${chainId} are missing`);
    if (!existsSync(split)) throw new Error(`of its layer ${chainId} tar-split.json.gz is missing`);
    const size = Number(readText(join(folder, "size")));
    return {
      chainId,
      diffId,
      parentChainId: chain[i - 1] ?? null,
      size: Number.isFinite(size) ? size : 0,
      tree,
      split,
    };
  });
}

/** Empty where there is no such file. */
function readText(path: string): string {
  return existsSync(path) ? readFileSync(path, "utf8").trim() : "";
}

/** By image id. */
function readNames(home: string): Map<string, Reference[]> {
  const file = join(home, "repositories.json");
  const names = new Map<string, Reference[]>();
  if (!existsSync(file)) return names;
  try {
    const { Repositories } = decodeJson<{ Repositories?: Record<string, Record<string, string>> }>(
      readFileSync(file, "utf8"),
    );
    for (const references of Object.values(Repositories ?? {}))
      for (const [name, id] of Object.entries(references))
        names.set(id, [...(names.get(id) ?? []), parseReference(name)]);
  } catch (error) {
    throw invalid(`cannot read ${file}: ${errorMessage(error)}`);
  }
  return names;
}
